"""The command ``omega-portfolio sweep``: files, a TOML file, exit codes, and going on."""

import json
import shutil
from pathlib import Path

import polars as pl
import pytest

import omega_portfolio as op
from omega_portfolio.batch import command
from omega_portfolio.cli import main

BARS = """\
time,symbol,open,high,low,close
2024-01-02,ACME,100,103,99,102
2024-01-03,ACME,102,106,101,105
2024-01-04,ACME,105,108,98,99
2024-01-05,ACME,99,104,97,103
2024-01-08,ACME,103,109,102,108
"""
ORDERS = """\
time,symbol,action,side,size,if_flat
2024-01-02,ACME,open,long,10,true
2024-01-05,ACME,close,,,
"""
PARAMS = """\
size,stop_loss_rate,name
10,0.01,tight
10,,none
20,0.10,wide
"""
TOML = """\
bars = "bars.csv"
orders = "orders.csv"
best = "total_return"
labels = ["name"]

[settings]
initial_balance = 10000
leverage = 2

[costs]
commission = {kind = "per_trade", taker = 0.5}

[grid]
size = [10, 20]
name = ["a"]
"""


@pytest.fixture
def files(tmp_path: Path) -> Path:
    texts = {"bars.csv": BARS, "orders.csv": ORDERS, "params.csv": PARAMS, "sweep.toml": TOML}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def in_files(files: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(files)
    return files


def words(files: Path, *more: str) -> list[str]:
    named = [f"--{name}={files / name}.csv" for name in ("bars", "orders", "params")]
    return ["sweep", *named, "--labels", "name", *more]


def test_a_sweep_by_hand(files, backend, capsys):
    assert main(words(files, "--backend", backend, "--json", "--balance", "10000")) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    document = json.loads(printed.out)
    assert document["runs"] == 3
    assert document["failed"] == 0
    assert document["rejected_orders"] == 0
    assert document["metric"] == "sharpe_ratio"
    profits = {row["name"]: row["net_profit"] for row in document["best"]}
    # In at 102, out at 103 at the open after the order to close; tight: stopped one percent lower,
    # at 100.98, on the third day.
    assert profits == {"none": 10.0, "wide": 20.0, "tight": pytest.approx(-10.2, abs=1e-9)}


def test_the_table(files, backend, capsys):
    more = ("--backend", backend, "--best", "net_profit", "--top", "2", "--commission")
    assert main(words(files, *more, "per_trade:0.5")) == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0].split()[:5] == ["run_id", "size", "stop_loss_rate", "name", "net_profit"]
    assert [line.split()[0] for line in lines[1:]] == ["2", "1"]
    assert lines[1].split()[:5] == ["2", "20", "0.1", "wide", "19"]
    assert printed.err.startswith("3 runs in ")
    assert main(words(files, *more, "per_trade:0.5", "--quiet")) == 0
    assert capsys.readouterr().err == ""


def test_a_toml_file_and_words_that_win(files, backend, capsys):
    assert main(["sweep", str(files / "sweep.toml"), "--backend", backend, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["net_profit"] for row in document["best"]] == [19.0, 9.0]
    assert [row["size"] for row in document["best"]] == [20, 10]
    more = ["--commission", "per_unit:0.1:5", "--balance", "500", "--json", "--backend", backend]
    assert main(["sweep", str(files / "sweep.toml"), *more]) == 0
    document = json.loads(capsys.readouterr().out)
    # 500 dollars at leverage 2 buy 9 and not 10: both orders are rejected.
    assert document["rejected_orders"] == 2
    (files / "instruments.csv").write_text("symbol,price_decimals,size_decimals\nACME,2,0\n")
    more = ["--instruments", str(files / "instruments.csv"), "--slippage", "points:0.5"]
    assert main(["sweep", str(files / "sweep.toml"), *more, "--json", "--backend", backend]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [row["net_profit"] for row in document["best"]] == [-1.0, -1.0]


def test_a_sample(files, backend, capsys):
    text = TOML.partition("[grid]")[0]
    text += '[sample]\nn = 6\nseed = 4\nmethod = "latin_hypercube"\nsize = {low = 1, high = 6}\n'
    text += 'name = ["x", "y"]\n'
    (files / "sweep.toml").write_text(text)
    options = ["--backend", backend, "--json"]
    assert main(["sweep", str(files / "sweep.toml"), *options]) == 0
    document = json.loads(capsys.readouterr().out)
    assert sorted(row["size"] for row in document["best"]) == [1, 2, 3, 4, 5, 6]


def test_a_folder_and_going_on(files, backend, capsys):
    out = files / "deep" / "out"
    more = ("--backend", backend, "--out", str(out), "--json")
    assert main(words(files, *more)) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["out"] == str(out)
    assert pl.scan_parquet(out / "equity" / "*.parquet").collect().height == 15
    assert main(words(files, *more)) == 2
    assert "--resume goes on with it" in capsys.readouterr().err
    parts = sorted(path.read_bytes() for path in out.rglob("*.parquet"))
    shutil.rmtree(out / "metrics")
    assert main(words(files, *more, "--resume")) == 0
    assert json.loads(capsys.readouterr().out)["best"] == document["best"]
    assert sorted(path.read_bytes() for path in out.rglob("*.parquet")) == parts
    # The same folder for another batch is a mistake, not a mixture.
    assert main(words(files, *more, "--resume", "--leverage", "3")) == 2
    assert "has the results of another batch" in capsys.readouterr().err


def test_a_sweep_on_processes(files, backend, capsys):
    assert main(words(files, "--backend", backend, "--json", "--out", str(files / "here"))) == 0
    expected = json.loads(capsys.readouterr().out)["best"]
    more = ("--executor", "processes", "--workers", "2", "--threads", "1", "--scratch", str(files))
    out = ("--backend", backend, "--json", "--out", str(files / "there"))
    assert main(words(files, *out, *more)) == 0
    assert json.loads(capsys.readouterr().out)["best"] == expected
    names = [
        [str(path.relative_to(files / one)) for path in sorted((files / one).rglob("*.parquet"))]
        for one in ("here", "there")
    ]
    assert names[0] == names[1]
    assert len(names[0]) == 5
    text = (files / "sweep.toml").read_text()
    (files / "scratch").mkdir()
    keys = 'executor = "processes"\nworkers = 1\nshard_runs = 1\nthreads = 2\nscratch = "scratch"\n'
    (files / "more.toml").write_text(text.replace("[settings]\n", f"[settings]\n{keys}"))
    found = []
    for name in ("sweep.toml", "more.toml"):
        assert main(["sweep", str(files / name), "--backend", backend, "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out)["best"])
    assert found[0] == found[1]
    assert list((files / "scratch").iterdir()) == []


def test_lost_workers_leave_whole_runs(files, capsys, monkeypatch):
    from omega_portfolio.batch import run

    whole = run.run_batch
    error = op.WorkerLost("executor", "processes, runs 1 to 2", "lost 3 workers", "try again")

    def lost(*given, **options):
        error.result = whole(*given, **options)
        raise error

    monkeypatch.setattr(run, "run_batch", lost)
    assert main(words(files, "--backend", "python", "--out", str(files / "out"))) == 3
    printed = capsys.readouterr()
    assert "3 runs were whole" in printed.err
    assert "[4092] executor=processes, runs 1 to 2" in printed.err


def test_ctrl_c_leaves_whole_runs(files, capsys, monkeypatch):
    from omega_portfolio.batch import run

    whole = run.run_batch
    error = KeyboardInterrupt()

    def interrupted(*given, **options):
        error.result = whole(*given, **options)
        raise error

    monkeypatch.setattr(run, "run_batch", interrupted)
    out = ("--backend", "python", "--out", str(files / "out"))
    assert main(words(files, *out)) == 130
    printed = capsys.readouterr()
    assert "3 runs were whole" in printed.err
    assert "--resume goes on" in printed.err
    error = KeyboardInterrupt()
    assert main(words(files, "--backend", "python")) == 130
    assert "lost without --out" in capsys.readouterr().err
    monkeypatch.setattr(run, "run_batch", lambda *_, **__: (_ for _ in ()).throw(error))
    error = KeyboardInterrupt()
    assert main(words(files, "--backend", "python")) == 130
    assert printed.out == ""


@pytest.mark.parametrize(
    ("more", "code", "part"),
    [
        (["--best", "luck"], 2, "--best luck: is no metric"),
        (["--top", "0"], 2, "--top 0"),
        (["--threads", "-1"], 2, "--threads -1"),
        (["--workers", "0"], 2, "--workers 0"),
        (["--workers", "2"], 2, "workers=2: means nothing with threads as executor"),
        (["--executor", "processes", "--workers", "1025"], 2, "must be an int from 1 to 1024"),
        (["--executor", "processes", "--address", "auto"], 2, "address"),
        (["--executor", "processes", "--scratch", "nowhere"], 2, "is no folder"),
        (["--scratch", "."], 2, "scratch"),
        (["--leverage", "0"], 2, "leverage"),
        (["--balance", "x"], 2, "initial_balance"),
        (["--currency", "QQQ"], 2, "currency"),
        (["--commission", "rate"], 2, "--commission rate: write KIND:FIGURE"),
        (["--slippage", "points:1:2"], 2, "--slippage"),
        (["--commission", "none:1"], 3, "commission"),
        (["--resume"], 2, "--resume"),
        (["--bars", "none.csv"], 3, "none.csv"),
        (["--labels", ""], 3, "name"),
        (["--labels", "name,nobody"], 3, "nobody"),
        (["--out", "params.csv"], 2, "--out params.csv"),
        (["--instruments", "orders.csv"], 3, "orders.csv"),
    ],
)
def test_wrong_words(in_files, capsys, more, code, part):
    files = in_files
    assert main([*words(files, "--backend", "python"), *more]) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert part in printed.err
    assert printed.err.startswith("omega-portfolio: ")


@pytest.mark.parametrize(
    ("change", "code", "part"),
    [
        (('bars = "bars.csv"\n', ""), 2, "name the bars"),
        (('"bars.csv"', "3"), 3, "bars: 3: is no name of a file"),
        (("best", "beste"), 3, "sweep.toml: beste"),
        (("leverage", "levrage"), 3, "settings.levrage"),
        (("[grid]", "grid = 3\n[other]"), 3, "sweep.toml: "),
        (("[grid]", "[sample]"), 3, "sample.n"),
        (("[grid]", "[sample]\nn = 1\nseed = 1\n[grid]"), 3, "stands beside a grid"),
        (("size = [10, 20]", "size = []"), 3, "grid.size"),
        (('["name"]', '"name"'), 3, "labels: 'name'"),
        (('kind = "per_trade"', 'sort = "per_trade"'), 3, "costs.commission.sort"),
        (('kind = "per_trade", ', ""), 3, "has no kind"),
        (("commission =", "tax ="), 3, "costs.tax"),
        (("[costs]\n", "costs = 3\n[more]\n"), 3, "sweep.toml: "),
        (("[settings]", "[settings"), 3, "is no TOML"),
    ],
)
def test_a_wrong_toml_file(files, capsys, change, code, part):
    assert change[0] in TOML
    (files / "sweep.toml").write_text(TOML.replace(*change, 1))
    assert main(["sweep", str(files / "sweep.toml"), "--backend", "python"]) == code
    assert part in capsys.readouterr().err


def test_params_beside_a_grid_and_a_file_that_is_not_there(files, capsys):
    both = ["sweep", str(files / "sweep.toml"), "--params", str(files / "params.csv")]
    assert main(both) == 2
    assert "use one of them" in capsys.readouterr().err
    assert main(["sweep", str(files / "none.toml")]) == 3
    assert "cannot be read" in capsys.readouterr().err


def test_cells_of_the_table():
    frame = pl.DataFrame({"run_id": [1, 10], "size": [None, 2.5], "total_return": [0.5, None]})
    lines = command.render(frame).splitlines()
    assert lines[0] == "run_id  size  total_return"
    assert lines[1:] == ["     1             50.00 %", "    10   2.5"]


def demo(folder: Path, *more: str) -> None:
    assert main(["demo", "--sweep", "--out", str(folder), *more]) == 0


def test_the_demonstration_with_a_few_pairs(tmp_path, backend, capsys, monkeypatch):
    from omega_portfolio import data
    from omega_portfolio.demo import sweep

    # Two years are enough, and the Python backend is slow.
    late = data.load_us5_daily().filter(pl.col("time").dt.year() >= 2011)
    monkeypatch.setattr(data, "load_us5_daily", lambda: late)
    monkeypatch.setattr(sweep.Pairs, "__init__", _few)
    demo(tmp_path / "out", "--backend", backend, "--json")
    document = json.loads(capsys.readouterr().out)
    assert document["runs"] == 2
    assert document["rejected_orders"] == 0
    assert document["proof"] == {"holds": True}
    assert {row["slow"] for row in document["best"]} == {40, 80}
    assert 0 < document["luck"]["deflated_sharpe_ratio"] < 1
    page = (tmp_path / "out" / "report.html").read_text()
    assert page.count("<svg") == 3
    assert "Is it luck?" in page
    assert "http" not in page.replace("http://www.w3.org", "")
    assert (tmp_path / "out" / "best.html").stat().st_size > 100_000
    assert pl.read_parquet(tmp_path / "out" / "metrics.parquet").height == 2
    demo(tmp_path / "out", "--backend", backend)
    assert "is the account of its events" in capsys.readouterr().out


def _few(pairs) -> None:
    object.__setattr__(pairs, "fast", [20])
    object.__setattr__(pairs, "slow", [40, 80])


def test_a_thousand_pairs_are_the_default():
    from omega_portfolio.data import load_us5_daily
    from omega_portfolio.demo.sweep import Pairs, adjusted_bars, pair_orders

    params = Pairs().params()
    assert params.height == 1000
    assert (params["fast"] < params["slow"]).all()
    bars = adjusted_bars(load_us5_daily())
    assert bars.filter(
        (pl.col("low") > pl.min_horizontal("open", "close"))
        | (pl.col("high") < pl.max_horizontal("open", "close"))
    ).is_empty()
    orders = pair_orders(bars, Pairs([20], [50]))
    # As many signals as the demonstration on shares has, but for its last days.
    assert orders.filter(action="open").height == 131
    assert orders.filter(action="close").height == 128
    assert op.run_batch is not None
