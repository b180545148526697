//! What an account shows, and whether it is what a case says.

use portfolio_core::columns::schema::View;
use portfolio_core::export::TableSnapshot;
use portfolio_core::ledger::{Account, Ledger};
use portfolio_core::numbers::Money;

use super::Values;
use super::tables::TABLES;
use crate::cells::{Cell, cell};

/// A table by its name in the case files.
pub(crate) fn table(ledger: &mut Ledger, name: &str, view: View) -> TableSnapshot {
    let made = match name {
        "equity" => ledger.equity_curve(view),
        "trades" => ledger.trades(view),
        "ledger" => ledger.postings(view),
        "positions" => ledger.open_positions(view),
        "cash" => ledger.cash(view),
        "cash_ledger" => ledger.cash_postings(view),
        "margin" => ledger.margins(view),
        "orders" => ledger.orders(view),
        "activity" => ledger.activity(view),
        "fills" => return ledger.fill_table(view).unwrap(),
        "attribution" => ledger.attribution().unwrap().table(view),
        other => panic!("no table {other}"),
    };
    made.unwrap()
}

/// Everything that a refused call may not change.
pub(crate) struct Picture {
    digest: String,
    account: Account,
    counts: [u64; 2],
    tables: Vec<TableSnapshot>,
}

impl Picture {
    pub(crate) fn of(ledger: &mut Ledger) -> Self {
        Self {
            digest: ledger.digest().unwrap(),
            account: *ledger.account(),
            counts: [ledger.ambiguous_count(), ledger.rounded_count()],
            tables: TABLES.map(|(name, _)| table(ledger, name, View::Exact)).to_vec(),
        }
    }

    /// What differs from an earlier picture, if anything.
    pub(crate) fn differs_from(&self, before: &Self) -> Option<&'static str> {
        let mut tables = self.tables.iter().zip(&before.tables);
        if self.digest != before.digest {
            Some("digest")
        } else if self.account != before.account {
            Some("account")
        } else if self.counts != before.counts {
            Some("counts")
        } else {
            tables.find(|(now, then)| now.batches != then.batches).map(|(now, _)| now.name)
        }
    }
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

/// Compares a figure with what a case says; `None` is the `-` of the files.
pub(crate) fn check(key: &str, found: Option<&Cell>, wanted: Option<&str>) -> Result<(), String> {
    let fits = match (found, wanted) {
        (Some(found), Some(wanted)) => same(found, wanted),
        (found, wanted) => found.is_none() && wanted.is_none(),
    };
    if fits { Ok(()) } else { Err(format!("{key} is {found:?}, not {wanted:?}")) }
}

/// A figure of an `expect`.
pub(crate) fn figure(ledger: &mut Ledger, key: &str) -> Option<Cell> {
    let account = *ledger.account();
    let money = |money: Money| Some(Cell::Fixed(money.raw(), 18));
    let whole = |count: u64| Some(Cell::Whole(count.into()));
    let name = match key {
        "balance" => return money(account.balance),
        "equity" => return money(account.equity),
        "unrealized_pnl" => return money(account.unrealized),
        "realized_pnl" => return money(account.realized),
        "margin_used" => return money(account.margin_used),
        "free_margin" => return money(account.free_margin()),
        "margin_level" => return account.margin_level().and_then(money),
        "residue" => return money(account.residue),
        "time" => return account.has_time.then_some(Cell::Whole(account.last_time.into())),
        "events" => return whole(account.events),
        "ambiguous" => return whole(ledger.ambiguous_count()),
        "rounded" => return whole(ledger.rounded_count()),
        "digest" => return Some(Cell::Text(ledger.digest().unwrap())),
        "equity_rows" => "equity",
        "margin_rows" => "margin",
        name => name,
    };
    let rows = table(ledger, name, View::Float).rows;
    Some(Cell::Whole(i128::try_from(rows).unwrap()))
}

/// Compares cells of a row, counted from 1.
pub(crate) fn check_row(table: &TableSnapshot, row: usize, wanted: &Values) -> Result<(), String> {
    let at = row.checked_sub(1).filter(|at| *at < table.rows);
    let at = at.ok_or_else(|| format!("{} has {} rows", table.name, table.rows))?;
    wanted
        .iter()
        .try_for_each(|(key, value)| check(key, cell(table, at, key).as_ref(), value.as_deref()))
}

/// Rule N6: each double is the one that Rust's own parser reads from the exact number's text.
pub(crate) fn check_doubles(ledger: &mut Ledger) {
    for (name, keys) in TABLES {
        let (exact, float) = (table(ledger, name, View::Exact), table(ledger, name, View::Float));
        let names = exact.schema.fields().iter().map(|field| field.name().as_str());
        assert!(names.eq(keys.iter().map(|(key, _)| *key)), "columns of {name}");
        for (row, (key, _)) in
            (0..exact.rows).flat_map(|row| keys.iter().map(move |key| (row, key)))
        {
            let nearest = match cell(&exact, row, key) {
                Some(Cell::Fixed(raw, scale)) => {
                    Some(Cell::Double(format!("{raw}e-{scale}").parse().unwrap()))
                }
                other => other,
            };
            assert_eq!(cell(&float, row, key), nearest, "{name} {row} {key}");
        }
    }
}
