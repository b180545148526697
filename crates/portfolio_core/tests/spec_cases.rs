//! Runs the case files of `tests/spec` against the ledger; the `README.md` there is the format.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a test fails by panicking and states what it ran"
)]

mod cells;
mod spec;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cells::{Cell, cell};
use portfolio_core::columns::schema::View;
use portfolio_core::ledger::Ledger;
use spec::calls::{Given, Refused, account, call};
use spec::figures::{Picture, check, check_doubles, check_row, figure, table};
use spec::{Case, Outcome, Statement, Values};

/// What the folder is known to hold; a moved folder or a file that is not read fails here.
const FILES_EXPECTED: usize = 29;
const CASES_MIN: usize = 885;
const STATEMENTS_MIN: usize = 5_300;

/// Codes that no event brings about: 2^32 - 2 positions or symbols, no memory.
const CODES_WITHOUT_CASE: [u32; 2] = [4021, 4090];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/spec")
}

fn check_given(ledger: &mut Ledger, given: &Given, wanted: &Values) -> Result<(), String> {
    let value = |key: &str| wanted.get(key).and_then(Option::as_deref);
    match given {
        Given::Nothing => Ok(()),
        Given::Id(id) => check("id", Some(&Cell::Whole((*id).into())), value("id")),
        Given::Amount(amount) => {
            check("amount", Some(&Cell::Fixed(amount.raw(), 18)), value("amount"))
        }
        Given::Trade => {
            let trades = table(ledger, "trades", View::Exact);
            let last = ledger.last_trade();
            let id = Cell::Whole(last.trade_id.into());
            assert_eq!(cell(&trades, trades.rows - 1, "trade_id"), Some(id));
            let net = Cell::Fixed(last.net_pnl.raw(), 18);
            assert_eq!(cell(&trades, trades.rows - 1, "net_pnl"), Some(net));
            check_row(&trades, trades.rows, wanted)
        }
        Given::Trades => {
            let trades = table(ledger, "trades", View::Exact);
            let reason = Cell::Text("close_by".to_owned());
            let of_pair = |row| cell(&trades, row, "reason").as_ref() == Some(&reason);
            let last = trades.rows.saturating_sub(2)..trades.rows;
            let fits = last.len() == 2 && last.into_iter().all(of_pair);
            if fits { Ok(()) } else { Err("there are no two trades of a pair".to_owned()) }
        }
        Given::Count(count) => {
            let count = Cell::Whole(i128::try_from(*count).unwrap());
            check("trades", Some(&count), value("count"))
        }
    }
}

fn step(ledger: &mut Option<Ledger>, statement: &Statement) -> Result<(), String> {
    if statement.word == "account" {
        return match (account(statement), &statement.outcome) {
            (Ok(made), Outcome::Accepted(_)) => {
                *ledger = Some(made);
                Ok(())
            }
            (Err(refused), outcome) => check_refused(&refused, outcome),
            (Ok(_), Outcome::Refused { .. }) => Err("was accepted".to_owned()),
        };
    }
    let ledger = ledger.as_mut().expect("the format asks for an account first");
    match (statement.word.as_str(), &statement.row) {
        ("expect", _) => statement.values.iter().try_for_each(|(key, value)| {
            check(key, figure(ledger, key).as_ref(), value.as_deref())
        }),
        (_, Some((name, row))) => {
            check_row(&table(ledger, name, View::Exact), *row, &statement.values)
        }
        _ => step_call(ledger, statement),
    }
}

fn step_call(ledger: &mut Ledger, statement: &Statement) -> Result<(), String> {
    let before = match statement.outcome {
        Outcome::Refused { .. } => Some(Picture::of(ledger)),
        Outcome::Accepted(_) => None,
    };
    match (call(ledger, statement), &statement.outcome) {
        (Ok(given), Outcome::Accepted(wanted)) => check_given(ledger, &given, wanted),
        (Ok(given), Outcome::Refused { .. }) => Err(format!("was accepted with {given:?}")),
        (Err(refused), outcome) => {
            check_refused(&refused, outcome)?;
            let changed = before.and_then(|before| Picture::of(ledger).differs_from(&before));
            changed.map_or(Ok(()), |what| Err(format!("the refused call changed {what}")))
        }
    }
}

fn check_refused(refused: &Refused, outcome: &Outcome) -> Result<(), String> {
    match outcome {
        Outcome::Refused { code, argument }
            if (*code, argument) == (refused.code, &refused.argument) =>
        {
            Ok(())
        }
        _ => Err(format!("[{}] {}: {}", refused.code, refused.argument, refused.text)),
    }
}

fn run(case: &Case) -> Result<(), String> {
    let mut ledger = None;
    for statement in &case.statements {
        let failed = |error| format!("{}:{}: {error}", case.file, statement.line);
        step(&mut ledger, statement).map_err(failed)?;
        if let Some(account) = ledger.as_ref().map(Ledger::account) {
            let sum = account.balance.raw() + account.unrealized.raw();
            assert_eq!(sum, account.equity.raw(), "{}: {}", case.file, case.name);
        }
    }
    if let Some(mut ledger) = ledger {
        ledger.verify().map_err(|violation| format!("{}: {violation}", case.name))?;
        let in_full = ledger.verify_in_full();
        in_full.map_err(|violation| format!("{} in full: {violation}", case.name))?;
        let mut again = ledger.replay().map_err(|violation| violation.to_string())?;
        assert_eq!(again.digest(), ledger.digest());
        check_doubles(&mut ledger);
    }
    Ok(())
}

fn load() -> BTreeMap<String, Vec<Case>> {
    spec::load(&folder()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn all_cases_hold() {
    let files = load();
    let cases: Vec<&Case> = files.values().flatten().collect();
    let failures: Vec<String> = cases.iter().filter_map(|case| run(case).err()).collect();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
    let statements: usize = cases.iter().map(|case| case.statements.len()).sum();
    println!("spec: {} files, {} cases, {statements} statements", files.len(), cases.len());
    assert!(statements >= STATEMENTS_MIN, "{statements} statements");
}

#[test]
fn the_folder_was_read() {
    let files = load();
    assert_eq!(files.len(), FILES_EXPECTED);
    let mut cases = 0;
    for (file, parsed) in &files {
        let text = std::fs::read_to_string(folder().join(file)).unwrap();
        let starts = text.lines().filter(|line| line.starts_with("case:")).count();
        assert!(starts > 0 && parsed.len() == starts, "{file}");
        cases += starts;
    }
    assert!(cases >= CASES_MIN, "{cases} cases");
}

#[test]
fn each_refusal_has_a_case() {
    let files = load();
    let outcomes = files["refusals.txt"].iter().flat_map(|case| &case.statements);
    let shown: BTreeSet<u32> = outcomes
        .filter_map(|statement| match statement.outcome {
            Outcome::Refused { code, .. } => Some(code),
            Outcome::Accepted(_) => None,
        })
        .collect();
    let known = (4001..=4022).chain(4024..=4029);
    assert!(shown.into_iter().eq(known.filter(|code| !CODES_WITHOUT_CASE.contains(code))));
}

const ACCOUNT: &str = "case: x\naccount balance=100\n";
const OPENED: &str = "case: x\naccount balance=100\nopen A long size=1 price=10 time=0 -> 1\n";

/// Files that are none.
const BROKEN_FILES: &[&str] = &[
    "account balance=100",
    "case:\naccount balance=100",
    "case: x\naccount balance=100",
    "case: x\ndeposit 1 time=0",
    "case: x\naccount balance=-1 -> error 4009 balance\ndeposit 1 time=0",
    "case: x\naccount currency=USD",
];

/// Lines that cannot stand in a file.
const BROKEN_LINES: &[&str] = &[
    "account balance=100",
    "buy A size=1",
    "deposit 1 time=0 -> 1",
    "deposit 1",
    "deposit time=0",
    "deposit 1 2 time=0",
    "deposit time=0 1",
    "deposit 1 time=0 when=1",
    "deposit 1 time=0 time=0",
    "deposit 1 time=noon",
    "deposit 1 time=-",
    "-> 1",
    "open A long size=1 price=10 time=0",
    "open A long size=1 price=10 time=0 -> one",
    "open A long size=1 price=10 time=0 -> 1 2",
    "open A long size= price=10 time=0 -> 1",
    "open A long size=1 price=10 time=0 -> error 4003",
    "open A long size=1 price=10 time=0 -> error size 4003",
    "open A long size=1 price=10 time=0 ->",
    "open A%2 long size=1 price=10 time=0 -> 1",
    "open A%2g long size=1 price=10 time=0 -> 1",
    "open A%2f long size=1 price=10 time=0 -> 1",
    "open A%FF long size=1 price=10 time=0 -> 1",
    "open A*0 long size=1 price=10 time=0 -> 1",
    "open A/B long size=1 price=10 time=0 -> 1",
    "mark time=0 A",
    "mark time=0 A=1/2/3",
    "mark time=0 A=1=2",
    "mark time=2026-02-30",
    "mark time=2026-02-03T7",
    "quotes time=0 A=1",
    "quotes time=0 A=1 -> 1",
    "bar time=0 A=1/2/1 -> trades=0",
    "bar time=0 A=1/2/1/2/0/0 -> trades=0",
    "bar time=0 A=1/2/1/2",
    "bar time=0 A=1/2/1/2 -> trades=none",
    "order A long size=1 time=0",
    "close_by 1 time=0",
    "close_by 1 2 time=0 -> gross_pnl=1",
    "convert 1 USD time=0",
    "split A 2 one time=0",
    "instrument A inverse=true",
    "instrument A margin=2",
    "instrument A margin=leverage",
    "instrument A margin=leverage:2,on:both",
    "instrument A commission=rate:1,min:1,min:2",
    "instrument A commission=rate:1,maker",
    "instrument A swap=points:1",
    "instrument A slippage=points",
    "instrument A slippage=points:",
    "modify 1 time=0 break_even=1",
    "modify 1 time=0 break_even=1/0|2/0",
    "modify 1 time=0 targets=1/2/3",
    "modify 1 time=0 targets=1/",
    "margin A size=1 -> 1",
    "margin size=1 price=1 -> 1",
    "margin A",
    "expect",
    "expect balance",
    "expect balance=",
    "expect balance=-",
    "expect balance=1e2",
    "expect money=100",
    "expect balance=100 balance=100",
    "expect balance=100 -> error 4001 balance",
    "expect digest=abc",
    "row positions size=1",
    "row positions 0 size=1",
    "row positions 01x size=1",
    "row deals 1 size=1",
    "row positions 1",
    "row positions 1 gross_pnl=1",
];

#[test]
fn broken_files_are_refused() {
    let lines = BROKEN_LINES.iter().map(|line| format!("{ACCOUNT}{line}"));
    let close = format!("{OPENED}close 1 price=10 time=1 -> profit=1");
    let texts = BROKEN_FILES.iter().map(ToString::to_string).chain(lines).chain([close]);
    for text in texts {
        assert!(spec::parse(&text, "broken.txt").is_err(), "{text}");
    }
    assert!(spec::parse(&format!("{ACCOUNT}deposit 1 time=0 # paid in"), "right.txt").is_ok());
    assert!(spec::load(Path::new("no such folder")).is_err());
}

#[test]
fn wrong_figures_are_noticed() {
    let no_digest = format!("expect digest={}", "0".repeat(64));
    let lines = [
        "expect balance=100.01",
        "expect balance=100.0000000000000000001",
        "expect margin_level=-",
        "expect time=-",
        "expect time=1",
        "expect positions=2",
        "expect events=3",
        &no_digest,
        "row positions 1 size=2",
        "row positions 1 symbol=B",
        "row positions 1 entry_time=1",
        "row positions 2 size=1",
        "open A long size=1 price=10 time=0 -> 3",
        "open A long size=1 price=10 time=0 -> error 4003 size",
        "open A long size=0 price=10 time=0 -> 2",
        "open A long size=0 price=10 time=0 -> error 4005 size",
        "open A long size=0 price=10 time=0 -> error 4003 price",
        "close 1 price=10 time=0 -> gross_pnl=1",
        "close 1 price=10 time=0 -> stop_loss=1",
        "close 1 price=10 time=0 -> symbol=B",
        "margin A -> 11",
        "expect orders=1",
        "expect residue=1",
        "expect ambiguous=1",
        "expect cash=2",
        "row positions 1 swap=1",
        "row attribution 1 total=1",
        "row margin 1 basis=11",
        "bar time=1 A=10/10/10/10 -> trades=1",
        "order A long size=1 price=9 time=0 -> 2",
        "quotes time=1 A=10 -> trades=1",
    ];
    let run_text = |line: &str| {
        let cases = spec::parse(&format!("{OPENED}{line}"), "wrong.txt").unwrap();
        run(cases.first().unwrap())
    };
    for line in lines {
        let error = run_text(line).unwrap_err();
        assert!(error.starts_with("wrong.txt:4:"), "{line}: {error}");
    }
    assert_eq!(run_text("expect balance=100.00 margin_used=10"), Ok(()));
}
