//! Reads the case files of `tests/spec`; the `README.md` there describes the format.
//!
//! It checks the form of every line and knows nothing of a ledger.

pub(crate) mod calls;
mod events;
pub(crate) mod figures;
mod forms;
pub(crate) mod tables;
mod terms;
mod values;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use forms::{FORMS, Form, Gives, TERM_KEYS, TIME_KEYS, WHOLE_KEYS};
use tables::Kind::{Hash, Number, Text, Time, Whole};
use tables::{EXPECT_KEYS, Keys, OPTIONAL_KEYS, TABLES, TRADE_KEYS};
use values::{Term, decode, groups, is_decimal, is_integer, is_natural};

/// Keys and decoded values; `None` is the `-` of the files.
pub(crate) type Values = BTreeMap<String, Option<String>>;

/// `SYMBOL=` and its numbers: a price, bid and ask, or those of a bar.
#[derive(Debug)]
pub(crate) struct Quoted {
    pub(crate) symbol: String,
    pub(crate) numbers: Vec<String>,
}

/// What stands after `->`.
#[derive(Debug)]
pub(crate) enum Outcome {
    Accepted(Values),
    Refused { code: u32, argument: String },
}

/// One line.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) line: usize,
    pub(crate) word: String,
    pub(crate) values: Values,
    pub(crate) quotes: Vec<Quoted>,
    /// The table of a `row` and its number from 1.
    pub(crate) row: Option<(String, usize)>,
    pub(crate) outcome: Outcome,
}

/// One story: its name and its statements in order.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) statements: Vec<Statement>,
}

/// All case files of a folder by name. No two cases have the same name.
pub(crate) fn load(folder: &Path) -> Result<BTreeMap<String, Vec<Case>>, String> {
    let mut files = BTreeMap::new();
    let mut names = std::collections::BTreeSet::new();
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).map_err(|error| format!("{file}: {error}"))?;
        let cases = parse(&text, &file)?;
        for case in &cases {
            if !names.insert(case.name.clone()) {
                return Err(format!("{file}: the name {:?} is used twice", case.name));
            }
        }
        files.insert(file, cases);
    }
    Ok(files)
}

/// The cases of a text; `file` is its name for messages.
pub(crate) fn parse(text: &str, file: &str) -> Result<Vec<Case>, String> {
    let mut cases: Vec<Case> = Vec::new();
    for (number, line) in text.split('\n').enumerate() {
        let number = number + 1;
        let words = line.split(' ').filter(|word| !word.is_empty());
        let words: Vec<&str> = words.take_while(|word| !word.starts_with('#')).collect();
        let Some((first, rest)) = words.split_first() else { continue };
        if *first == "case:" {
            if rest.is_empty() {
                return Err(format!("{file}:{number}: a case has a name"));
            }
            let (file, name) = (file.to_owned(), rest.join(" "));
            cases.push(Case { file, name, statements: Vec::new() });
            continue;
        }
        let added = parse_line(&words, number).and_then(|statement| add(&mut cases, statement));
        added.map_err(|error| format!("{file}:{number}: {error}"))?;
    }
    match cases.iter().find(|case| case.statements.len() < 2 && !case.is_refused()) {
        Some(idle) => Err(format!("{file}: case {:?} does nothing", idle.name)),
        None => Ok(cases),
    }
}

impl Case {
    fn is_refused(&self) -> bool {
        let refused = |one: &Statement| matches!(one.outcome, Outcome::Refused { .. });
        self.statements.iter().any(refused)
    }
}

fn add(cases: &mut [Case], statement: Statement) -> Result<(), String> {
    let case = cases.last_mut().ok_or("the first statement of a file is a case")?;
    if case.statements.is_empty() != (statement.word == "account") {
        return Err("a case has one account, as its first statement".to_owned());
    }
    if case.statements.len() == 1 && case.is_refused() {
        return Err("nothing follows a refused account".to_owned());
    }
    case.statements.push(statement);
    Ok(())
}

fn parse_line(words: &[&str], line: usize) -> Result<Statement, String> {
    let (call, outcome) = split_outcome(words)?;
    let (word, items) = call.split_first().ok_or("a line starts with a statement")?;
    let mut statement = Statement {
        line,
        word: (*word).to_owned(),
        values: Values::new(),
        quotes: Vec::new(),
        row: None,
        outcome: Outcome::Accepted(Values::new()),
    };
    if matches!(*word, "expect" | "row") {
        if outcome.is_some() {
            return Err(format!("{word} has no result"));
        }
        let (keys, pairs) = if *word == "expect" {
            (EXPECT_KEYS, items)
        } else {
            let (table, number, keys) = row_of(items)?;
            statement.row = Some((table, number));
            (keys, items.get(2..).unwrap_or_default())
        };
        statement.values = expectations(pairs, keys)?;
        return if statement.values.is_empty() {
            Err(format!("{word} compares something"))
        } else {
            Ok(statement)
        };
    }
    let form = FORMS.iter().find(|form| form.word == *word);
    let form = form.ok_or_else(|| format!("unknown statement {word:?}"))?;
    read_call(&mut statement, form, items)?;
    statement.outcome = parse_outcome(outcome.unwrap_or_default(), form.gives)?;
    Ok(statement)
}

fn split_outcome<'a, 'w>(
    words: &'w [&'a str],
) -> Result<(&'w [&'a str], Option<&'w [&'a str]>), String> {
    let Some(at) = words.iter().position(|word| *word == "->") else { return Ok((words, None)) };
    let (call, rest) = words.split_at(at);
    match rest.split_first() {
        Some((_, outcome)) if !call.is_empty() && !outcome.is_empty() => Ok((call, Some(outcome))),
        _ => Err("a result stands between a call and the end of its line".to_owned()),
    }
}

/// Reads names and keys of a call.
fn read_call(statement: &mut Statement, form: &Form, items: &[&str]) -> Result<(), String> {
    let count = items.iter().take_while(|item| !item.contains('=')).count();
    let (positional, pairs) = items.split_at(count);
    let margin = form.word == "margin";
    let names = if margin && count > 0 { &["symbol"] } else { form.names };
    if positional.len() != names.len() {
        return Err(format!("{} takes {} names, not {count}", form.word, names.len()));
    }
    for (name, value) in names.iter().zip(positional) {
        statement.values.insert((*name).to_owned(), call_value(name, value)?);
    }
    for pair in pairs {
        let (key, value) = pair.split_once('=').ok_or("names stand before the keys")?;
        if form.required.contains(&key) || form.optional.contains(&key) {
            let before = statement.values.insert(key.to_owned(), call_value(key, value)?);
            if before.is_some() {
                return Err(format!("{key} is given twice"));
            }
        } else if let Some(counts) = form.quotes {
            statement.quotes.push(parse_quote(key, value, counts)?);
        } else {
            return Err(format!("unknown key {key:?}"));
        }
    }
    for key in form.required {
        if !matches!(statement.values.get(*key), Some(Some(_))) {
            return Err(format!("missing {key}"));
        }
    }
    let has = |key| statement.values.contains_key(key);
    if margin && (has("size") != has("price") || (has("size") && !has("symbol"))) {
        return Err("size and price stand together and behind a symbol".to_owned());
    }
    Ok(())
}

/// What a key of a call says, checked as far as the format does.
fn call_value(key: &str, word: &str) -> Result<Option<String>, String> {
    if matches!(word, "" | "-") {
        return decode(word);
    }
    if TIME_KEYS.contains(&key) {
        return values::time(word).map(Some);
    }
    let (is_term, two) = (TERM_KEYS.contains(&key), Some(2));
    match key {
        "targets" => groups(word, two).map(|_| ())?,
        "break_even" if groups(word, two)?.len() > 1 => {
            return Err("break_even is one pair of numbers".to_owned());
        }
        "break_even" => (),
        "inverse" if !matches!(word, "yes" | "no") => {
            return Err(format!("{key}={word} is not yes and not no"));
        }
        _ if is_term => Term::parse(key, word).map(|_| ())?,
        _ if WHOLE_KEYS.contains(&key) && !is_integer(word) => {
            return Err(format!("{key}={word} is no integer"));
        }
        _ => return decode(word),
    }
    Ok(Some(word.to_owned()))
}

fn parse_quote(symbol: &str, value: &str, counts: (usize, usize)) -> Result<Quoted, String> {
    let symbol = decode(symbol)?.unwrap_or_default();
    let number = |word| decode(word).map(Option::unwrap_or_default);
    let numbers = value.split('/').map(number).collect::<Result<Vec<_>, _>>()?;
    if (counts.0..=counts.1).contains(&numbers.len()) {
        Ok(Quoted { symbol, numbers })
    } else {
        Err(format!("{value:?} is not {} or {} prices", counts.0, counts.1))
    }
}

fn parse_outcome(words: &[&str], gives: Gives) -> Result<Outcome, String> {
    if words.first() == Some(&"error") {
        return match words {
            [_, code, argument] if code.len() == 4 && is_natural(code) => Ok(Outcome::Refused {
                code: code.parse().map_err(|_| "a code is a number")?,
                argument: (*argument).to_owned(),
            }),
            _ => Err("a refusal is: -> error CODE ARGUMENT".to_owned()),
        };
    }
    let one = |key: &str, fits: fn(&str) -> bool| match words {
        [word] if fits(word) => Ok(Values::from([(key.to_owned(), Some((*word).to_owned()))])),
        _ => Err(format!("the result is one {key}")),
    };
    Ok(Outcome::Accepted(match gives {
        Gives::Trade => expectations(words, TRADE_KEYS)?,
        Gives::Nothing if words.is_empty() => Values::new(),
        Gives::Nothing => return Err("this call gives nothing back".to_owned()),
        Gives::Id => one("id", is_integer)?,
        Gives::Amount => one("amount", is_decimal)?,
        Gives::Count => match words {
            [word] => match word.strip_prefix("trades=").filter(|count| is_integer(count)) {
                Some(count) => Values::from([("count".to_owned(), Some(count.to_owned()))]),
                None => return Err("the result is trades=N".to_owned()),
            },
            _ => return Err("the result is trades=N".to_owned()),
        },
    }))
}

fn row_of(items: &[&str]) -> Result<(String, usize, Keys), String> {
    let [table, number, ..] = items else {
        return Err("a row is: row TABLE N key=value...".to_owned());
    };
    let keys = TABLES.iter().find(|(name, _)| name == table).map(|(_, keys)| *keys);
    let keys = keys.ok_or_else(|| format!("unknown table {table:?}"))?;
    match number.parse::<usize>() {
        Ok(row) if row > 0 && is_natural(number) => Ok(((*table).to_owned(), row, keys)),
        _ => Err(format!("{number} is no number of a row")),
    }
}

fn expectations(words: &[&str], keys: Keys) -> Result<Values, String> {
    let mut found = Values::new();
    for word in words {
        let (key, value) = word.split_once('=').ok_or_else(|| format!("{word:?} has no value"))?;
        let kind = keys.iter().find(|(name, _)| *name == key).map(|(_, kind)| *kind);
        let kind = kind.ok_or_else(|| format!("unknown key {key:?}"))?;
        let absent = value == "-" && OPTIONAL_KEYS.contains(&key);
        let fits = match kind {
            Text | Time => true,
            Number => absent || is_decimal(value),
            Whole => absent || is_integer(value),
            Hash => value.len() == 64 && value.bytes().all(|b| b"0123456789abcdef".contains(&b)),
        };
        if !fits {
            return Err(format!("{key}={value} is not what {key} can be"));
        }
        let value = match kind {
            Text => Some(decode(value)?.unwrap_or_default()),
            _ if absent => None,
            Time => Some(values::time(value)?),
            _ => Some(value.to_owned()),
        };
        if found.insert(key.to_owned(), value).is_some() {
            return Err(format!("{key} is given twice"));
        }
    }
    Ok(found)
}
