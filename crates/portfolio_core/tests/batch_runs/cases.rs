//! Runs the case files of `tests/spec/batch`; the `README.md` there is the format.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use portfolio_core::batch::Fill;
use portfolio_core::batch::outcome::Keep;
use portfolio_core::batch::pool::{Control, Tables};
use portfolio_core::currency::Currency;
use portfolio_core::event;
use portfolio_core::export::TableSnapshot;
use portfolio_core::instrument::Instrument;
use portfolio_core::ledger::{Mode, OffGrid, Rounding};
use portfolio_core::numbers::{Contract, Money, Price, Size};
use portfolio_core::terms::Terms;

use crate::made::{Made, everything};
use crate::shown::shown;

/// What the folder is known to hold; a moved folder or a file that is not read fails here.
const FILES_EXPECTED: usize = 7;
const CASES_MIN: usize = 69;

/// A line that is not indented, and the indented ones below it.
#[derive(Debug)]
struct Block {
    line: usize,
    words: Vec<String>,
    rows: Vec<String>,
}

#[derive(Debug)]
struct Case {
    file: String,
    name: String,
    blocks: Vec<Block>,
}

impl Block {
    fn word(&self, place: usize) -> &str {
        self.words.get(place).map_or("", String::as_str)
    }

    fn text(&self) -> String {
        self.rows.join("\n")
    }

    /// The words `key=value` behind the first ones.
    fn pairs(&self, skip: usize) -> impl Iterator<Item = (&str, &str)> {
        self.words.iter().skip(skip).map(|word| {
            word.split_once('=').unwrap_or_else(|| panic!("line {}: {word}", self.line))
        })
    }
}

fn without_comment(line: &str) -> &str {
    if line.trim_start().starts_with('#') { "" } else { line.split(" #").next().unwrap_or("") }
}

fn parse(text: &str, file: &str) -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let line = without_comment(line);
        if line.trim().is_empty() {
            continue;
        }
        if let Some(name) = line.strip_prefix("case: ") {
            let (file, name) = (file.to_owned(), name.trim().to_owned());
            cases.push(Case { file, name, blocks: Vec::new() });
            continue;
        }
        let blocks = &mut cases.last_mut().expect("a case comes first").blocks;
        if line.starts_with(' ') {
            let block = blocks.last_mut().expect("a row stands below its block");
            block.rows.push(line.trim().to_owned());
        } else {
            let words = line.split_whitespace().map(str::to_owned).collect();
            blocks.push(Block { line: number + 1, words, rows: Vec::new() });
        }
    }
    cases
}

fn load() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/spec/batch");
    let (mut cases, mut files) = (Vec::new(), 0);
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "txt") {
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap();
            let found = parse(&text, &file);
            let starts = text.lines().filter(|line| line.starts_with("case:")).count();
            assert!(starts > 0 && found.len() == starts, "{file}");
            cases.extend(found);
            files += 1;
        }
    }
    assert_eq!(files, FILES_EXPECTED);
    cases
}

fn number(text: &str) -> i128 {
    Price::parse(text).unwrap().raw()
}

/// Makes the batch of a case; the path is that of a pass.
fn made_of(case: &Case, pass: Option<event::Path>) -> Made {
    let block = |word: &str| case.blocks.iter().find(|block| block.word(0) == word);
    let text = |word: &str| block(word).map(Block::text);
    let bars = text("bars").unwrap_or_else(|| panic!("{}: no bars", case.name));
    let orders = text("orders").unwrap_or_else(|| panic!("{}: no orders", case.name));
    let mut made = Made::new(&bars, &orders);
    if let Some(params) = text("params") {
        made = made.with_params(&params);
    }
    for block in &case.blocks {
        match block.word(0) {
            "settings" => block.pairs(1).for_each(|(key, value)| set(&mut made, key, value)),
            "instrument" => made.settings.instruments.push(instrument_of(block)),
            _ => {}
        }
    }
    if let Some(path) = pass {
        made.settings.configuration.path = path;
    }
    made
}

fn path_of(word: &str) -> event::Path {
    let found = event::Path::WORDS.into_iter().find(|(name, _)| *name == word);
    found.unwrap_or_else(|| panic!("path {word}")).1
}

fn set(made: &mut Made, key: &str, value: &str) {
    let settings = &mut made.settings;
    let configuration = &mut settings.configuration;
    match (key, value) {
        ("initial_balance", _) => configuration.initial_balance = Money::parse(value).unwrap(),
        ("currency", _) => configuration.currency = Currency::parse(value).unwrap(),
        ("leverage", _) => configuration.leverage = number(value),
        ("margin_call", _) => configuration.margin_call = Some(number(value)),
        ("stop_out", _) => configuration.stop_out = Some(number(value)),
        ("mode", "hedging") => configuration.mode = Mode::Hedging,
        ("mode", "netting") => configuration.mode = Mode::Netting,
        ("off_grid", "round") => configuration.off_grid = OffGrid::Round,
        ("rounding", "cents") => configuration.rounding = Rounding::Cents,
        ("path", "both") => {}
        ("path", word) => configuration.path = path_of(word),
        ("fill", "next_open") => settings.fill = Fill::NextOpen,
        ("fill", "close") => settings.fill = Fill::Close,
        _ => panic!("setting {key}={value}"),
    }
}

fn instrument_of(block: &Block) -> Instrument {
    let mut instrument = Instrument::default_for(block.word(1));
    let mut terms = Terms::default();
    for (key, value) in block.pairs(2) {
        match key {
            "price_decimals" => instrument.price_decimals = value.parse().unwrap(),
            "size_decimals" => instrument.size_decimals = value.parse().unwrap(),
            "contract_size" => instrument.contract = Contract::new(number(value)).unwrap(),
            "quote_currency" => instrument.quote_currency = Some(Currency::parse(value).unwrap()),
            "leverage" => instrument.leverage = Some(number(value)),
            "tick_size" => terms.tick_size = Some(Price::parse(value).unwrap()),
            "lot_step" => terms.lot_step = Some(Size::parse(value).unwrap()),
            "base_currency" => terms.base_currency = Some(Currency::parse(value).unwrap()),
            "inverse" => terms.inverse = value == "yes",
            _ => panic!("instrument {key}={value}"),
        }
    }
    instrument.terms = (terms != Terms::default()).then(|| Box::new(terms));
    instrument
}

fn table_of<'a>(tables: &'a Tables, name: &str) -> &'a TableSnapshot {
    match name {
        "equity" => &tables.equity,
        "trades" => &tables.trades,
        "metrics" => &tables.metrics,
        "final" => &tables.finals,
        "rejected" => &tables.rejected,
        _ => panic!("no table {name}"),
    }
}

/// Compares a table with the rows below a block: all of them, in their order.
fn check(block: &Block, name: &str, tables: &Tables) -> Result<(), String> {
    let (columns, rows) = block.rows.split_first().ok_or("a table has columns")?;
    let spaced = |row: &String| row.split_whitespace().collect::<Vec<&str>>().join(" ");
    let wanted: Vec<String> = rows.iter().map(spaced).collect();
    let found = shown(table_of(tables, name), columns);
    if found == wanted { Ok(()) } else { Err(format!("{name} {columns}\n{}", found.join("\n"))) }
}

/// Compares a case in one pass with what it says of it.
fn check_pass(case: &Case, path: Option<event::Path>, pass: &str) -> Result<usize, String> {
    let made = made_of(case, path);
    let refused = case.blocks.iter().find(|block| block.word(0) == "refused");
    let batch = match (made.try_batch(), refused) {
        (Ok(batch), None) => batch,
        (Ok(_), Some(_)) => return Err("was taken".to_owned()),
        (Err(error), None) => return Err(error.to_string()),
        (Err(error), Some(wanted)) => {
            let place = error.place();
            let place = place.split(": ").next().unwrap_or_default();
            let found = format!("refused {} {} {place}", error.code.number(), error.frame);
            let wanted = wanted.words.join(" ");
            return if found == wanted { Ok(1) } else { Err(found) };
        }
    };
    // Without digests runs may take the short road, with them they are those of the ledger.
    let mut checked = 0;
    for keep in [Keep { digest: false, ..everything() }, everything()] {
        let tables = batch.run_many(0..batch.len(), 2, &Control::new(), &keep).unwrap();
        for block in &case.blocks {
            let (pass_of, name) = match (block.word(0), block.word(1)) {
                ("expect", "optimistic") => ("optimistic", block.word(2)),
                ("expect", name) => ("pessimistic", name),
                _ => continue,
            };
            if pass_of == pass {
                let failed = |error| format!("{}:{}: {error}", case.file, block.line);
                check(block, name, &tables).map_err(failed)?;
                checked += 1;
            }
        }
        let digests = shown(&tables.finals, "digest");
        for (place, digest) in digests.iter().enumerate().filter(|_| keep.digest) {
            let mut ledger = batch.ledger(place).unwrap().unwrap();
            ledger.verify().map_err(|violation| violation.to_string())?;
            assert_eq!(&ledger.digest().unwrap(), digest, "{}", case.name);
        }
    }
    Ok(checked)
}

fn run(case: &Case) -> Result<usize, String> {
    const WORDS: [&str; 7] =
        ["settings", "instrument", "bars", "orders", "params", "expect", "refused"];
    for block in &case.blocks {
        assert!(WORDS.contains(&block.word(0)), "{}:{}", case.file, block.line);
    }
    let settings = case.blocks.iter().filter(|block| block.word(0) == "settings");
    let both = settings.flat_map(|block| block.pairs(1)).any(|pair| pair == ("path", "both"));
    if !both {
        return check_pass(case, None, "pessimistic");
    }
    let worse = check_pass(case, Some(path_of("pessimistic")), "pessimistic")?;
    let better = check_pass(case, Some(path_of("optimistic")), "optimistic")?;
    Ok(worse + better)
}

#[test]
fn all_cases_hold() {
    let cases = load();
    let mut names = BTreeSet::new();
    let mut failures = Vec::new();
    for case in &cases {
        assert!(names.insert(&case.name), "{:?} is used twice", case.name);
        match run(case) {
            Ok(checked) => assert!(checked > 0, "{:?} compares nothing", case.name),
            Err(error) => failures.push(format!("{} {:?}: {error}", case.file, case.name)),
        }
    }
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
    assert!(cases.len() >= CASES_MIN, "{} cases", cases.len());
}

#[test]
fn wrong_figures_are_noticed() {
    let case = |line: &str| {
        let bars = "bars\n  time symbol open high low close\n  1 A 10 10 10 10\n  2 A 11 12 11 12";
        let orders = "orders\n  time symbol action side size\n  1 A open long 2";
        let text = format!("case: x\n{bars}\n{orders}\n{line}\n");
        run(&parse(&text, "wrong.txt")[0])
    };
    assert_eq!(case("expect final\n  run_id equity open_count\n  0 10002 1"), Ok(2));
    for wrong in [
        "expect final\n  run_id equity\n  0 10003",
        "expect final\n  run_id equity",
        "expect final\n  run_id equity\n  0 10002\n  1 10002",
        "expect trades\n  run_id\n  0",
        "expect rejected\n  run_id\n  0",
        "expect final",
        "refused 4030 orders row 0, column size",
    ] {
        assert!(case(wrong).is_err(), "{wrong}");
    }
}
