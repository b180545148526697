"""The command line: what goes to stdout, what to stderr, and every exit code."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

import omega_portfolio as op
from interpreter import ABSENT, run_python
from omega_portfolio import cli, jobs, runner
from omega_portfolio.backend import backend_class
from omega_portfolio.cli import main
from sample_files import BARS, ORDERS

RunCommand = Callable[..., int]


@pytest.fixture
def run(tmp_path: Path, backend: str) -> RunCommand:
    """Write the files and run them on the backend under test."""

    def call(*options: str, bars: str = BARS, orders: str = ORDERS) -> int:
        for name, text in (("bars.csv", bars), ("orders.csv", orders)):
            (tmp_path / name).write_text(text)
        words = ["run", "--bars", str(tmp_path / "bars.csv"), "--backend", backend]
        words += ["--orders", str(tmp_path / "orders.csv"), "--out", str(tmp_path / "out")]
        return main([*words, *options])

    return call


def process(*words: str, **options: object) -> "subprocess.CompletedProcess[str]":
    """Run the command in a process of its own."""
    command = [sys.executable, "-m", "omega_portfolio", *words]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
    path = {"PYTHONPATH": str(Path(op.__file__).parents[1])}
    options["env"] = {**os.environ, **path, **options.get("env", {})}
    return subprocess.run(command, check=False, **options)  # noqa: S603 - this interpreter.


def test_a_run_by_hand(run: RunCommand, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The account of the example files, computed on paper."""
    assert run("--json", "--balance", "1000", "--leverage", "2") == 0
    document = json.loads(capsys.readouterr().out)
    # a: long 10 at 10 (fee 0.5); 4 closed at 12 (fee 0.25): +8; 6 closed at 12: +12.
    # z: short 4 at 1.5, marked at 1.5: 0. Deposit 500, account fee 1.5.
    assert document["account"] == {
        "currency": "USD",
        "time": "2000-03-03T00:00:00+00:00",
        "initial_balance": "1000.00",
        "balance": "1517.75",
        "unrealized_pnl": "0.00",
        "equity": "1517.75",
        "margin_used": "3.00",
        "free_margin": "1514.75",
        "margin_level": document["account"]["margin_level"],
        "realized_pnl": "20.00",
        "open_positions": 1,
    }
    assert document["account"]["margin_level"].startswith("50591.666")
    assert document["metrics"]["net_profit"] == "17.75"
    assert document["proof"] == {
        "trades": "19.25",
        "floating": "0.00",
        "open_fees": "0.00",
        "open_swaps": "0.00",
        "dividends": "0.00",
        "splits": "0.00",
        "exchanges": "0.00",
        "rounding": "0.00",
        "account_fees": "1.50",
        "net_profit": "17.75",
        "equity_identity": True,
        "profit_identity": True,
        "verified": True,
        "verify_error": None,
        "holds": True,
    }
    assert json.loads((tmp_path / "out" / "state.json").read_text()) == document
    trades = pl.read_parquet(tmp_path / "out" / "trades.parquet")
    assert trades.select("symbol", "tag", "reason").rows() == [
        ("ACME", "first", "part"),
        ("ACME", "first", "rest"),
    ]
    assert trades["stop_loss"].to_list() == [8, 8]
    assert trades["take_profit"].to_list() == [0, 0]
    assert trades.schema["net_pnl"] == pl.Decimal(38, 18)
    equity = pl.read_parquet(tmp_path / "out" / "equity.parquet")
    assert [f"{value:.2f}" for value in equity["equity"]] == ["1009.50", "1525.50", "1517.75"]
    positions = pl.read_parquet(tmp_path / "out" / "positions.parquet")
    assert positions.select("symbol", "side", "size").rows() == [("ZETA", "short", 4)]


def test_fill_at_the_close(run: RunCommand, capsys: pytest.CaptureFixture[str]):
    assert run("--json", "--fill", "close") == 0
    document = json.loads(capsys.readouterr().out)
    # 10 bought at 11; 4 and 6 sold at 13: +20; the fees are those of the other test.
    assert document["account"]["realized_pnl"] == "20.00"
    assert document["proof"]["holds"] is True


def test_the_report_of_a_run(run: RunCommand, capsys: pytest.CaptureFixture[str]):
    assert run() == 0
    text = capsys.readouterr().out
    assert "omega-portfolio run: ACME, ZETA, 2000-03-01 to 2000-03-03" in text
    assert "- account fees = net profit" in text
    assert "orders without a price are filled at the next open" in text
    assert "Refused orders" not in text


def test_refused_orders_are_shown(run: RunCommand, capsys: pytest.CaptureFixture[str]):
    """The account has no margin for the first open: it and what follows from it is refused."""
    assert run("--balance", "50", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert [(item["row"], item["error"]) for item in document["refused"]] == [
        (1, "InsufficientMargin"),
        (2, "PositionNotFound"),
        (5, "PositionNotFound"),
        (7, "PositionNotFound"),
    ]
    assert document["work"]["orders_executed"] == 3
    assert run("--balance", "50") == 0
    text = capsys.readouterr().out
    assert "Refused orders\n  row 1, 2000-03-01, open ACME\n    InsufficientMargin [4002]" in text


def test_many_refusals_and_positions_are_cut(run: RunCommand, capsys: pytest.CaptureFixture[str]):
    head = "time,symbol,action,side,size,stop_loss\n"
    good = "2000-03-02,ZETA,open,sell,0.001,\n" * 12
    bad = "2000-03-02,ZETA,open,buy,1,9\n" * 8
    assert run(orders=head + good + bad) == 0
    text = capsys.readouterr().out
    assert "  and 2 more: see positions.parquet" in text
    assert "  and 3 more: see state.json" in text


def test_money_that_goes_in_and_out(run: RunCommand, capsys: pytest.CaptureFixture[str]):
    orders = """\
time,symbol,action,side,size,fee,amount,key
2000-03-01,,withdraw,,,,400.25,
2000-03-01,ACME,open,buy,10,1,,a
2000-03-02,,fee,,,-0.5,,a
2000-03-02,,withdraw,,,,1000,
"""
    assert run("--balance", "1000", "--json", orders=orders) == 0
    document = json.loads(capsys.readouterr().out)
    # 1000 - 400.25 - 1 + 0.5; 10 bought at 10 stand at 13. The second withdrawal is too much.
    assert document["account"]["equity"] == "629.25"
    assert document["metrics"]["net_profit"] == document["proof"]["net_profit"] == "29.50"
    assert document["proof"]["open_fees"] == "0.50"
    assert [(item["row"], item["error"]) for item in document["refused"]] == [
        (4, "InsufficientFunds")
    ]


def test_no_orders_at_all(run: RunCommand, capsys: pytest.CaptureFixture[str]):
    assert run("--json", orders="time,symbol,action,side,size\n") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["work"]["events"] == 5
    assert document["account"]["equity"] == "100000.00"


def test_instruments(run: RunCommand, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "instruments.csv"
    path.write_text(
        "symbol,price_decimals,size_decimals,contract_size,leverage\n"
        "ACME,2,0,100,4\nNOTUSED,2,2,,\n"
    )
    assert run("--json", "--instruments", str(path)) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["account"]["realized_pnl"] == "2000.00"
    assert document["work"]["events"] == 1 + 1 + 7 + 3
    path.write_text("symbol,price_decimals,size_decimals,contract_size\nACME,9,9,0.5\n")
    assert run("--instruments", str(path)) == 3
    assert "instruments.csv: row 1, column" in capsys.readouterr().err
    path.write_text("symbol,quote_currency\nACME,BLA\n")
    assert run("--instruments", str(path)) == 3
    assert "instruments.csv: row 1, column" in capsys.readouterr().err


def test_bad_input_is_code_3(run: RunCommand, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert run(bars=BARS.replace("10,12,9,11", "10,12,9,eleven")) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    expected = "bars.csv: row 1, column close: eleven: is no decimal number; write digits"
    assert expected in captured.err
    assert captured.err.startswith(f"omega-portfolio: {tmp_path}")
    assert captured.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--balance", "much"), "initial_balance='much'"),
        (("--balance", "-1"), "initial_balance"),
        (("--leverage", "0"), "leverage"),
        (("--currency", "XXL"), "XXL"),
    ],
)
def test_wrong_options_are_code_2(
    run: RunCommand, capsys: pytest.CaptureFixture[str], options: tuple[str, ...], expected: str
):
    assert run(*options) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert expected.replace("'", "") in captured.err.replace("'", "")


@pytest.mark.parametrize(
    "words", [["nonsense"], ["demo", "--nonsense"], ["run"], ["run", "--fill"]]
)
def test_unknown_words_are_code_2(words: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(words)
    assert caught.value.code == 2
    assert "usage: omega-portfolio" in capsys.readouterr().err


def test_no_command_is_code_2(capsys: pytest.CaptureFixture[str]):
    assert main([]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert all(name in captured.err for name in cli.COMMANDS)


@pytest.mark.parametrize("name", list(cli.COMMANDS))
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0
    text = capsys.readouterr().out
    assert f"usage: omega-portfolio {name}" in text
    assert max(len(line) for line in text.splitlines()) <= 80


def test_out_is_a_file(run: RunCommand, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "out").write_text("in the way")
    assert run() == 2
    assert f"--out {tmp_path / 'out'}: cannot be a folder" in capsys.readouterr().err


def test_a_failed_write_is_code_2(
    run: RunCommand, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jobs, "write_tables", full)
    assert run() == 2
    assert "No space left on device" in capsys.readouterr().err


def test_a_failed_check_is_code_1(
    run: RunCommand, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    original = jobs.prove

    def broken(portfolio: op.Portfolio, _: object) -> dict[str, object]:
        return original(portfolio, None)

    monkeypatch.setattr(jobs, "prove", broken)
    assert run() == 1
    assert "DOES NOT HOLD" in capsys.readouterr().out


def test_a_failed_verification_is_code_1(
    run: RunCommand,
    backend: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
):
    def broken(self: op.Portfolio) -> None:
        raise op.InvariantViolation("portfolio", str(self.events), "is broken", "start again")

    monkeypatch.setattr(backend_class(backend), "verify", broken)
    assert run() == 1
    assert "is broken; start again" in capsys.readouterr().out


def test_an_invariant_violation_is_code_1(
    run: RunCommand, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object) -> None:
        raise op.InvariantViolation("equity_identity", "1", "does not hold", "start again")

    monkeypatch.setattr(runner._Loop, "_execute", broken)
    assert run() == 1
    assert "equity_identity" in capsys.readouterr().err


def test_interrupt_is_code_130(
    run: RunCommand, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner._Loop, "advance", interrupted)
    assert run() == 130
    assert capsys.readouterr().err == "omega-portfolio: interrupted\n"


def test_progress_appears_on_a_terminal_only(
    run: RunCommand, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    assert run() == 0
    quiet = capsys.readouterr()
    assert quiet.err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert run() == 0
    loud = capsys.readouterr()
    assert "times" in loud.err
    assert "%" not in loud.out.partition("Metrics")[0]


def test_a_closed_pipe_is_quiet(tmp_path: Path):
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = process("doctor", "--json", stdout=write_end, cwd=tmp_path)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (0, "")


def test_version(capsys: pytest.CaptureFixture[str]):
    assert main(["--version"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("omega-portfolio ")
    assert f"backend {op.backend_status().live}" in text
    assert text.count("\n") == 1


def test_doctor(capsys: pytest.CaptureFixture[str]):
    assert main(["doctor", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    status = op.backend_status()
    assert document["backend"]["live"] == status.live
    assert list(document["digests"]) == list(status.available)
    assert len(set(document["digests"].values())) == 1
    assert document["versions"]["polars"] == pl.__version__
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert status.reason in text
    assert "everything is fine" in text


def test_doctor_finds_damaged_data(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    from omega_portfolio import data

    monkeypatch.setattr(data, "provenance", lambda: {"sha256": "0"})
    assert main(["doctor"]) == 1
    assert "SOMETHING IS WRONG" in capsys.readouterr().out


def test_an_unavailable_backend_is_code_2():
    """Without the compiled module, asking for it is an error and never a silent fallback."""
    code = (
        ABSENT
        + "from omega_portfolio.cli import main; sys.exit(main(['demo', '--backend', 'rust']))"
    )
    assert run_python(code, status=2) == []


def test_the_module_is_the_command(tmp_path: Path):
    done = process("run", "--bars", "none.csv", "--orders", "none.csv", "--out", "o", cwd=tmp_path)
    assert done.returncode == 3
    assert done.stdout == ""
    assert done.stderr.startswith("omega-portfolio: none.csv: (no data): cannot be read")


def test_symbols_that_the_terminal_cannot_show(tmp_path: Path):
    for name, text in (("bars.csv", BARS), ("orders.csv", ORDERS)):
        (tmp_path / name).write_text(text.replace("ZETA", "Ζήτα"), encoding="utf-8")
    words = ("run", "--bars", "bars.csv", "--orders", "orders.csv", "--out", "o")
    done = process(*words, cwd=tmp_path, env={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u0396" in done.stdout


def test_the_package_stays_light():
    """The command line loads Polars, pyarrow and tqdm only when a command needs them."""
    code = (
        "import sys, omega_portfolio.cli; "
        "print([n for n in ('polars', 'pyarrow', 'tqdm', 'numpy') if n in sys.modules])"
    )
    assert run_python(code) == ["[]"]
