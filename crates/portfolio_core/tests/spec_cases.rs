//! Runs the case files of `tests/spec` against the ledger; the `README.md` there is the format.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
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
use portfolio_core::export::TableSnapshot;
use portfolio_core::ledger::{Account, Ledger};
use portfolio_core::numbers::Money;
use spec::calls::{Given, Refused, account, call};
use spec::forms::TABLES;
use spec::{Case, Outcome, Statement, Values};

/// What the folder is known to hold; a moved folder or a file that is not read fails here.
const FILES_EXPECTED: usize = 15;
const CASES_MIN: usize = 255;
const STATEMENTS_MIN: usize = 1_150;

/// Codes that no event brings about: 2^32 - 2 positions or symbols, no memory.
const CODES_WITHOUT_CASE: [u32; 2] = [4021, 4090];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/spec")
}

fn table(ledger: &mut Ledger, name: &str, view: View) -> TableSnapshot {
    let table = match name {
        "equity" => ledger.equity_curve(view),
        "trades" => ledger.trades(view),
        "ledger" => ledger.postings(view),
        _ => ledger.open_positions(view),
    };
    table.unwrap()
}

/// Everything that a refused call may not change.
fn picture(ledger: &mut Ledger) -> (String, Account, Vec<TableSnapshot>) {
    let tables = TABLES.map(|(name, _)| table(ledger, name, View::Exact)).to_vec();
    (ledger.digest().unwrap(), *ledger.account(), tables)
}

/// Whether a cell is what a case says; numbers are equal when their values are.
fn same(found: &Cell, wanted: &str) -> bool {
    match found {
        Cell::Whole(found) => wanted.parse() == Ok(*found),
        Cell::Text(found) => found == wanted,
        Cell::Fixed(raw, scale) => {
            let (whole, fraction) = wanted.split_once('.').unwrap_or((wanted, ""));
            let fraction = fraction.trim_end_matches('0');
            let scale = usize::try_from(*scale).unwrap();
            let digits = format!("{whole}{fraction:0<scale$}");
            fraction.len() <= scale && digits.parse() == Ok(*raw)
        }
        Cell::Double(_) => false,
    }
}

fn check(key: &str, found: Option<&Cell>, wanted: Option<&str>) -> Result<(), String> {
    let fits = match (found, wanted) {
        (Some(found), Some(wanted)) => same(found, wanted),
        (found, wanted) => found.is_none() && wanted.is_none(),
    };
    if fits { Ok(()) } else { Err(format!("{key} is {found:?}, not {wanted:?}")) }
}

fn figure(ledger: &mut Ledger, key: &str) -> Option<Cell> {
    let account = *ledger.account();
    let money = |money: Money| Some(Cell::Fixed(money.raw(), 18));
    let count = |count: usize| Some(Cell::Whole(i128::try_from(count).unwrap()));
    match key {
        "balance" => money(account.balance),
        "equity" => money(account.equity),
        "unrealized_pnl" => money(account.unrealized),
        "realized_pnl" => money(account.realized),
        "margin_used" => money(account.margin_used),
        "free_margin" => money(account.free_margin()),
        "margin_level" => account.margin_level().and_then(money),
        "time" => account.has_time.then_some(Cell::Whole(account.last_time.into())),
        "events" => Some(Cell::Whole(account.events.into())),
        "digest" => Some(Cell::Text(ledger.digest().unwrap())),
        "equity_rows" => count(table(ledger, "equity", View::Float).rows),
        name => count(table(ledger, name, View::Float).rows),
    }
}

fn check_row(table: &TableSnapshot, row: usize, wanted: &Values) -> Result<(), String> {
    let at = row.checked_sub(1).filter(|at| *at < table.rows);
    let at = at.ok_or_else(|| format!("{} has {} rows", table.name, table.rows))?;
    wanted
        .iter()
        .try_for_each(|(key, value)| check(key, cell(table, at, key).as_ref(), value.as_deref()))
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
    let before = picture(ledger);
    match (call(ledger, statement), &statement.outcome) {
        (Ok(given), Outcome::Accepted(wanted)) => check_given(ledger, &given, wanted),
        (Ok(given), Outcome::Refused { .. }) => Err(format!("was accepted with {given:?}")),
        (Err(refused), outcome) => {
            let (digest, account, tables) = picture(ledger);
            if (&digest, &account) != (&before.0, &before.1) {
                return Err("the refused call left a trace".to_owned());
            }
            for (now, then) in tables.iter().zip(&before.2) {
                assert_eq!(now.batches, then.batches, "the refused call changed {}", now.name);
            }
            check_refused(&refused, outcome)
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
        let mut again = ledger.replay().map_err(|violation| violation.to_string())?;
        assert_eq!(again.digest(), ledger.digest());
        check_doubles(&mut ledger);
    }
    Ok(())
}

/// Rule N6: each double is the one that Rust's own parser reads from the exact number's text.
fn check_doubles(ledger: &mut Ledger) {
    for (name, keys) in TABLES {
        let (exact, float) = (table(ledger, name, View::Exact), table(ledger, name, View::Float));
        let names = exact.schema.fields().iter().map(|field| field.name().as_str());
        assert!(names.eq(keys.iter().map(|(key, _)| *key)), "columns of {name}");
        for (row, (key, _)) in
            (0..exact.rows).flat_map(|row| keys.iter().map(move |key| (row, key)))
        {
            let (exact, float) = (cell(&exact, row, key).unwrap(), cell(&float, row, key).unwrap());
            match exact {
                Cell::Fixed(raw, scale) => {
                    let nearest = format!("{raw}e-{scale}").parse().unwrap();
                    assert_eq!(float, Cell::Double(nearest), "{name} {row} {key}");
                }
                other => assert_eq!(float, other, "{name} {row} {key}"),
            }
        }
    }
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
    let known = (4001..=4022).chain([4024]);
    assert!(shown.into_iter().eq(known.filter(|code| !CODES_WITHOUT_CASE.contains(code))));
}

const ACCOUNT: &str = "case: x\naccount balance=100\n";
const OPENED: &str = "case: x\naccount balance=100\nopen A long size=1 price=10 time=0 -> 1\n";

#[test]
fn broken_files_are_refused() {
    let texts = [
        "account balance=100",
        "case:\naccount balance=100",
        "case: x\naccount balance=100",
        "case: x\ndeposit 1 time=0",
        "case: x\naccount balance=-1 -> error 4009 balance\ndeposit 1 time=0",
        "case: x\naccount currency=USD",
    ];
    let lines = [
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
        "row orders 1 size=1",
        "row positions 1",
        "row positions 1 gross_pnl=1",
    ];
    let lines = lines.iter().map(|line| format!("{ACCOUNT}{line}"));
    let close = format!("{OPENED}close 1 price=10 time=1 -> profit=1");
    let texts = texts.iter().map(ToString::to_string).chain(lines).chain([close]);
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
