//! The open positions as dense columns, brought up to date from the rows that events touched.
//!
//! Each column is copied only when a cell of it changes while somebody still holds it. What depends
//! on marks (mark price, unrealized result) is not kept here; [`crate::frozen`] computes it when
//! somebody looks.

use super::dense::Column;
use super::text::TextView;
use crate::book::Book;
use crate::event::Side;
use crate::numbers::{Money, fixed18_to_f64};
use crate::positions::{Position, Positions};

macro_rules! columns {
    ($($name:ident: $type:ty = $value:expr),* $(,)?) => {
        /// The columns of the positions table that do not depend on marks.
        #[derive(Debug, Default)]
        pub struct PositionColumns {
            $(pub(crate) $name: Column<$type>,)*
        }

        impl PositionColumns {
            /// Writes all rows again.
            fn rebuild(&mut self, rows: &[Position], books: &[Book]) {
                $(
                    let value: fn(&Position, &[Book]) -> $type = $value;
                    let values = self.$name.values_mut();
                    values.clear();
                    values.extend(rows.iter().map(|row| value(row, books)));
                )*
            }

            /// Brings some rows up to date and cuts the columns to the number of rows.
            fn patch(&mut self, rows: &[Position], books: &[Book], touched: &[u32]) {
                $(
                    let value: fn(&Position, &[Book]) -> $type = $value;
                    if self.$name.values().len() > rows.len() {
                        self.$name.values_mut().truncate(rows.len());
                    }
                    let known = self.$name.values().len();
                    for (place, row) in touched_rows(rows, touched) {
                        if place < known {
                            self.$name.set(place, value(row, books));
                        }
                    }
                    if known < rows.len() {
                        let more = rows.iter().skip(known).map(|row| value(row, books));
                        self.$name.values_mut().extend(more);
                    }
                )*
            }
        }
    };
}

fn touched_rows<'a>(
    rows: &'a [Position],
    touched: &'a [u32],
) -> impl Iterator<Item = (usize, &'a Position)> {
    touched.iter().filter_map(|&row| {
        let place = usize::try_from(row).ok()?;
        Some((place, rows.get(place)?))
    })
}

fn side_text(side: Side) -> u128 {
    match side {
        Side::Long => TextView::LONG.bits(),
        Side::Short => TextView::SHORT.bits(),
    }
}

fn book<'b>(row: &Position, books: &'b [Book]) -> Option<&'b Book> {
    books.get(usize::try_from(row.symbol).ok()?)
}

fn symbol_text(row: &Position, books: &[Book]) -> u128 {
    book(row, books).map_or(TextView::EMPTY, |book| book.symbol_text).bits()
}

/// The margin of the position alone. It is at most the margin of its symbol, which is in range.
fn margin(row: &Position, books: &[Book]) -> i128 {
    let margin = book(row, books).and_then(|book| book.leverage.margin(row.cost).ok());
    margin.map_or(i128::MAX, Money::raw)
}

columns! {
    position_id: u64 = |row, _| row.position_id,
    symbol: u128 = symbol_text,
    symbol_index: u32 = |row, _| row.symbol,
    side: u128 = |row, _| side_text(row.side),
    size: i128 = |row, _| row.size.raw(),
    size_double: f64 = |row, _| row.size.to_f64(),
    entry_time: i64 = |row, _| row.entry_time,
    entry_price: i128 = |row, _| row.entry_price.raw(),
    entry_price_double: f64 = |row, _| row.entry_price.to_f64(),
    stop_loss: i128 = |row, _| row.stop_loss.raw(),
    stop_loss_double: f64 = |row, _| row.stop_loss.to_f64(),
    take_profit: i128 = |row, _| row.take_profit.raw(),
    take_profit_double: f64 = |row, _| row.take_profit.to_f64(),
    cost: i128 = |row, _| row.cost.raw(),
    cost_double: f64 = |row, _| row.cost.to_f64(),
    margin: i128 = margin,
    margin_double: f64 = |row, books| fixed18_to_f64(margin(row, books)),
    entry_fee: i128 = |row, _| row.entry_fee.raw(),
    entry_fee_double: f64 = |row, _| row.entry_fee.to_f64(),
    swap: i128 = |row, _| row.swap.raw(),
    swap_double: f64 = |row, _| row.swap.to_f64(),
    tag: u128 = |row, _| row.tag.bits(),
}

impl PositionColumns {
    /// Brings the columns up to date with the positions; `books` are those of their symbols.
    pub fn sync(&mut self, positions: &mut Positions, books: &[Book]) {
        match positions.take_touched() {
            Some(touched) => self.patch(positions.rows(), books, &touched),
            None => self.rebuild(positions.rows(), books),
        }
    }
}
