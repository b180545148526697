"""The command ``omega-portfolio legacy``: files of operations, the report, exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from omega_portfolio.cli import main
from omega_portfolio.legacy import CAUSES, comparison
from omega_portfolio.legacy.command import amount_text
from omega_portfolio.legacy.replay import NEEDED
from omega_portfolio.legacy.sample import sample_operations

POSITION = {
    "entry_time": "2024-01-02T09:00:00Z", "direction": "long", "symbol": "ACME",
    "entry_price": 100.0, "stop_loss": 95.0, "take_profit": 110.0, "size": 3,
}  # fmt: skip
OPERATIONS = [
    {"type": "entry", "key": "a", "position": POSITION, "fee": 0.5},
    {"type": "update", "time": "2024-01-02T10:00:00Z", "prices": {"ACME": 98}},
    {"type": "fee", "key": "a", "amount": 0.25, "time": "2024-01-02T11:00:00Z", "kind": "swap"},
    {"type": "exit", "key": "a", "price": 110, "time": "2024-01-02T12:00:00Z", "fee": 0.5},
    {"type": "exit", "key": "a", "price": 110, "time": "2024-01-02T12:00:00Z"},
    {"type": "update", "time": "2024-01-02T13:00:00Z"},
    {"type": "fee", "amount": 0.75, "time": "2024-01-02T13:00:00Z"},
    {"type": "exit", "position_idx": 0, "price": 1},
]


@pytest.fixture
def write(tmp_path: Path):
    def written(*operations: dict | str) -> str:
        path = tmp_path / "operations.jsonl"
        lines = [one if isinstance(one, str) else json.dumps(one) for one in operations]
        path.write_text("".join(line + "\n" for line in lines))
        return str(path)

    return written


@pytest.fixture
def document(capsys, backend):
    """Run the command with --json; give the exit code and the document."""

    def run(*words: str) -> tuple[int, dict]:
        code = main(["legacy", *words, "--json", "--backend", backend])
        printed = capsys.readouterr()
        assert printed.err == ""
        return code, json.loads(printed.out)

    return run


def test_a_file_by_hand(write, document, backend):
    code, found = document(write(*OPERATIONS), "--balance", "1000")
    assert code == 0
    assert found["backend"] == backend
    assert found["operations"] == 8
    assert found["failed"] == [
        {"line": 8, "reason": "Position index 0 out of bounds: 0 positions are open"}
    ]
    figures = found["figures"]
    # Old: 200 twice, less fees of 2. Exact: 3 units from 100 to 110, less the same fees.
    assert figures["cash"] == {
        "old": "1398", "exact": "1028", "difference": "370",
        "parts": {"size_ignored": "170", "second_exit": "200"}, "unexplained": "0",
    }  # fmt: skip
    assert figures["equity"]["difference"] == "370"
    # Three units two dollars lower, after fees of 0.50 and 0.25.
    assert figures["max_drawdown"]["exact"] == "6.75"
    assert figures["max_drawdown"]["old"] == "0.5"
    assert figures["total_fees"]["difference"] == "0"
    assert figures["trade_curve_end"]["parts"] == {"curve_fees": "1", "curve_exits": "-200"}
    assert [(row["line"], row["cause"], row["difference"]) for row in found["rows"]] == [
        (2, "open_positions", "6"), (3, "fee_kind", "0"), (4, "size_ignored", "170"),
        (5, "second_exit", "200"),
    ]  # fmt: skip
    assert found["rows"][2]["time"] == "2024-01-02 12:00:00+00:00"
    assert found["rows"][2]["text"].startswith(CAUSES["size_ignored"])
    assert found["causes"]["second_exit"] == {
        "rows": 1, "amount": "200", "text": CAUSES["second_exit"]
    }  # fmt: skip
    assert found["explained"] is True


def test_the_size_for_the_risk(write, document):
    words = (write(*OPERATIONS[:4]), "--size-rule", "risk", "--balance", "1000")
    code, found = document(*words)
    assert code == 0
    assert found["figures"]["cash"]["difference"] == "0"
    assert {row["cause"] for row in found["rows"]} == {"open_positions", "fee_kind"}


def test_the_report(write, capsys):
    path = write(*OPERATIONS)
    assert main(["legacy", path, "--balance", "1000", "--rows", "3"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    lines = printed.out.splitlines()
    assert lines[0] == f"{path}: 8 operations, 1 of them left undone by both"
    assert lines[3].split() == ["old", "exact", "difference", "unexplained"]
    assert lines[4].split() == ["cash", "1,398.00", "1,028.00", "370.00", "0.00"]
    text = printed.out
    assert ["second_exit", "1", *CAUSES["second_exit"].split()] in [one.split() for one in lines]
    assert "1 rows more: --rows N shows them, --json has all" in text
    assert lines[-1] == "the causes add up to every difference, to the last digit"
    assert main(["legacy", path, "--rows", "0"]) == 0
    assert "reason" not in capsys.readouterr().out


def test_the_demonstration_shows_every_fault(tmp_path, document):
    path = tmp_path / "deep" / "demo.jsonl"
    code, found = document("--demo", str(path))
    assert code == 0
    assert len(path.read_text().splitlines()) == found["operations"] == len(sample_operations())
    assert sample_operations() != sample_operations(seed=2)
    faults = {
        *("size_ignored", "second_exit", "pending_paid", "bad_input", "partial_exit"),
        *("level_left_out", "fee_kind", "fee_late", "time_order", "open_positions"),
        *("drawdown_samples", "curve_fees", "curve_exits", "float_cash", "float_results"),
    }
    assert faults <= set(found["causes"])
    assert {"cash", "equity", "max_drawdown"} <= set(found["figures"])
    again = document(str(path))[1]
    assert again | {"operations_from": ""} == found | {"operations_from": ""}
    drawn = document("--demo")[1]
    assert drawn["digest"] == found["digest"]
    assert main(["legacy", "--demo", str(path)]) == 2


def test_a_change_and_an_order(write, document):
    order = POSITION | {"status": "pending"}
    code, found = document(
        write(
            {"type": "entry", "key": 1, "position": order},
            {"type": "entry", "key": 2, "position": order},
            {"type": "change", "key": 1, "status": "open", "trigger_time": "2024-01-02T10:00:00Z"},
            {"type": "exit", "key": 1, "price": 110, "time": "2024-01-02T12:00:00Z"},
            {"type": "exit", "key": 2, "price": None, "reason": "limit_expired"},
            {"type": "change", "key": 1, "colour": "red"},
            {"type": "exit", "key": 1},
            {"type": "fee", "key": 1, "amount": "much"},
            {"type": "update"},
        ),
        "--size-rule", "risk",
    )  # fmt: skip
    assert code == 0
    assert found["figures"]["cash"]["old"] == "10200"
    assert found["figures"]["cash"]["difference"] == "0"
    assert [one["line"] for one in found["failed"]] == [6, 7, 8, 9]
    assert "colour" in found["failed"][0]["reason"]
    assert "'price'" in found["failed"][1]["reason"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("{", "line 2: {: is no JSON: "),
        ("[]", "line 2: []: is no JSON object"),
        ({"type": "entry"}, "line 2: None: is no position"),
        ({"type": "entry", "position": POSITION | {"colour": 1}}, "line 2: colour: colour: is no"),
        ({"type": "entry", "position": {"symbol": "A"}}, "line 2: entry_time: (missing): is need"),
        ({"type": "update", "time": "soon"}, "line 2: time: soon: is no time"),
        ({"type": "exit", "key": "b"}, "line 2: 'b': is the key of no position"),
        ({"type": "change", "status": "open"}, "line 2: change: has no key"),
    ],
)
def test_what_is_wrong_in_a_file_is_named(write, capsys, line, text):
    assert main(["legacy", write(OPERATIONS[0], line)]) == 3
    assert text in capsys.readouterr().err
    assert len(NEEDED) == 7


def test_files_that_cannot_be_read(tmp_path, capsys):
    assert main(["legacy", str(tmp_path / "none.jsonl")]) == 3
    assert "No such file" in capsys.readouterr().err
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    assert main(["legacy", str(tmp_path / "bytes")]) == 3
    assert "is no UTF-8 text" in capsys.readouterr().err
    (tmp_path / "empty").write_text("\n\n")
    assert main(["legacy", str(tmp_path / "empty")]) == 0
    assert "0 operations\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [[], ["--demo", "--rows", "-1"], ["--demo", "--balance", "-5"], ["--demo", "--leverage", "0"]],
)
def test_wrong_words(words, capsys):
    assert main(["legacy", *words]) == 2
    assert capsys.readouterr().out == ""


def test_instruments_and_leverage(write, document, tmp_path):
    (tmp_path / "instruments.csv").write_text("symbol,contract_size\nACME,10\n")
    words = ("--instruments", str(tmp_path / "instruments.csv"), "--balance", "1000")
    code, found = document(write(*OPERATIONS[:4]), *words)
    assert (code, found["figures"]["cash"]["exact"]) == (0, "1298.75")
    code, found = document(write(*OPERATIONS[:4]), *words, "--leverage", "2")
    assert code == 0
    assert {row["cause"] for row in found["rows"]} >= {"margin"}


def test_an_amount_without_a_cause_is_a_failed_check(write, monkeypatch, capsys):
    whole = comparison.compare

    def wrong(portfolio):
        found = whole(portfolio)
        lines = found.lines | {"cash": found.lines["cash"]._replace(parts={})}
        return found._replace(lines=lines)

    monkeypatch.setattr(comparison, "compare", wrong)
    assert main(["legacy", write(*OPERATIONS)]) == 1
    assert "the causes DO NOT ADD UP" in capsys.readouterr().out


def test_amounts_for_a_person():
    texts = ["1234.5", "-0.004", "0.005", "NaN", "1e-20", "-7"]
    assert [amount_text(text) for text in texts] == [
        "1,234.50", "-0.004", "0.00", "NaN", "1e-20", "-7.00"
    ]  # fmt: skip
