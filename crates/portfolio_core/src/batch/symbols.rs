//! The symbols of a frame, as places in a list.

use arrow_buffer::ScalarBuffer;
use hashbrown::HashMap;

use super::bars::index;
use super::moments::{Moments, number};
use super::source::{Faults, Parts};
use crate::import::{CellError, Texts};
use crate::instrument::check_symbol;
use crate::refusal::Refusal;

/// The rows of each symbol, one symbol behind the other.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowsOf {
    pub(super) rows: ScalarBuffer<u32>,
    /// Of each symbol the place behind its last row.
    pub(super) ends: Vec<u32>,
}

impl RowsOf {
    /// The rows of a symbol, ascending; nothing for one that is not there.
    #[inline]
    #[must_use]
    pub fn get(&self, symbol: usize) -> Option<&[u32]> {
        let end = index(*self.ends.get(symbol)?);
        let before = symbol.checked_sub(1).and_then(|before| self.ends.get(before));
        self.rows.get(before.map_or(0, |&start| index(start))..end)
    }

    /// The rows of all symbols, in the order of these.
    pub fn iter(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.ends.len()).map_while(|symbol| self.get(symbol))
    }

    /// From the symbol of each row, and how many rows each has.
    fn of(codes: &[u32], counts: &[usize]) -> Self {
        let mut next = Vec::with_capacity(counts.len());
        let mut end = 0_usize;
        for &count in counts {
            next.push(end);
            end = end.saturating_add(count);
        }
        let mut rows = vec![0_u32; end];
        for (row, &code) in (0..).zip(codes) {
            let Some(place) = next.get_mut(index(code)) else { continue };
            if let Some(free) = rows.get_mut(*place) {
                *free = row;
            }
            *place = place.saturating_add(1);
        }
        // Behind its last row is where the next symbol begins.
        Self { rows: rows.into(), ends: next.into_iter().map(number).collect() }
    }
}

/// The symbols of all bars.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    /// In order of first appearance.
    pub(super) names: Vec<String>,
    /// The place in `names` of each row.
    pub(super) codes: Vec<u32>,
    /// The rows of each symbol, ascending.
    pub(super) rows_of: RowsOf,
    /// The first row whose symbol was in the same moment before, and the symbol.
    pub(super) twice: Option<(usize, String)>,
}

impl Symbols {
    /// One symbol in all rows, of these times.
    pub(super) fn same(symbol: &str, times: &[i64]) -> Self {
        let rows = times.len();
        let names = if rows == 0 { Vec::new() } else { vec![symbol.to_owned()] };
        let all = number(rows);
        let ends = if rows == 0 { Vec::new() } else { vec![all] };
        let rows_of = RowsOf { rows: (0..all).collect(), ends };
        // So no two rows may have one time.
        let again = times.windows(2).position(|pair| matches!(pair, [one, two] if one == two));
        let twice = again.and_then(|row| row.checked_add(1)).map(|row| (row, symbol.to_owned()));
        Self { names, codes: vec![0; rows], rows_of, twice }
    }

    /// Reads the column of the symbols.
    pub(super) fn read(texts: &Parts<Texts<'_>>, moments: &Moments, faults: &mut Faults) -> Self {
        let mut reader = Reader::new(moments);
        texts.each(faults, |cells, row, _| reader.take(cells, row));
        let Reader { names, codes, counts, twice, .. } = reader;
        let rows_of = RowsOf::of(&codes, &counts);
        let twice = twice.map(|(row, code)| (row, name(&names, code).to_owned()));
        Self { names, codes, rows_of, twice }
    }
}

/// Most moments have the symbols of the one before in the same order, so a symbol is first compared
/// with its place there and only looked up when it is another.
struct Reader<'m> {
    names: Vec<String>,
    codes: Vec<u32>,
    twice: Option<(usize, u32)>,
    known: HashMap<String, u32>,
    /// The view that a symbol was last seen with in this batch; 0 when there is none.
    views: Vec<u128>,
    /// Of each symbol the rows so far, and the row behind its last.
    counts: Vec<usize>,
    behind: Vec<usize>,
    starts: &'m [u32],
    /// Where this moment begins, where the next one does, and the row of the moment before whose
    /// symbol is expected.
    start: usize,
    next: usize,
    ahead: usize,
}

impl<'m> Reader<'m> {
    fn new(moments: &'m Moments) -> Self {
        Self {
            names: Vec::new(),
            codes: Vec::with_capacity(moments.moment_of.len()),
            twice: None,
            known: HashMap::new(),
            views: Vec::new(),
            counts: Vec::new(),
            behind: Vec::new(),
            starts: &moments.starts,
            start: 0,
            next: 0,
            ahead: 0,
        }
    }

    /// Reads the symbol of the next row.
    #[inline(always)]
    fn take(&mut self, cells: &Texts<'_>, row: usize) -> Result<(), Box<CellError>> {
        let place = self.codes.len();
        if row == 0 {
            self.views.fill(0);
        }
        if place == self.next {
            self.begin_moment();
        }
        let code = match self.expected(cells, row) {
            Some(code) => code,
            None => self.look_up(cells, row)?,
        };
        self.ahead = self.ahead.saturating_add(1);
        let index = usize::try_from(code).unwrap_or(usize::MAX);
        if let Some(count) = self.counts.get_mut(index) {
            *count = count.saturating_add(1);
        }
        if let Some(behind) = self.behind.get_mut(index) {
            if *behind > self.start && self.twice.is_none() {
                self.twice = Some((place, code));
            }
            *behind = place.saturating_add(1);
        }
        self.codes.push(code);
        Ok(())
    }

    /// The row begins a moment, which has the symbols of the one before, as far as is known.
    fn begin_moment(&mut self) {
        self.ahead = self.start;
        self.start = self.next;
        self.starts = self.starts.get(1..).unwrap_or_default();
        self.next = self.starts.first().map_or(usize::MAX, |&row| index(row));
    }

    /// The symbol that is expected, when the row has it.
    #[inline(always)]
    fn expected(&mut self, cells: &Texts<'_>, row: usize) -> Option<u32> {
        if self.ahead >= self.start {
            return None;
        }
        let code = *self.codes.get(self.ahead)?;
        let index = usize::try_from(code).ok()?;
        let view = cells.view(row);
        let seen = self.views.get_mut(index)?;
        if view == Some(*seen) && *seen != 0 {
            return Some(code);
        }
        if cells.bytes(row).ok()?? != self.names.get(index)?.as_bytes() {
            return None;
        }
        *seen = view.unwrap_or(0);
        Some(code)
    }

    #[inline(never)]
    fn look_up(&mut self, cells: &Texts<'_>, row: usize) -> Result<u32, Box<CellError>> {
        let text = cells.get(row)?.ok_or(CellError::Null)?;
        let code = match self.known.get(text) {
            Some(&code) => code,
            None => self.add(text)?,
        };
        let index = usize::try_from(code).unwrap_or(usize::MAX);
        if let Some(view) = self.views.get_mut(index) {
            *view = cells.view(row).unwrap_or(0);
        }
        // The rows go on as behind the symbol's own row in the moment before, if it has one.
        self.ahead = match self.behind.get(index) {
            Some(&behind) if behind > 0 && behind <= self.start => behind.saturating_sub(1),
            _ => self.ahead.saturating_sub(1),
        };
        Ok(code)
    }

    fn add(&mut self, text: &str) -> Result<u32, Box<CellError>> {
        check_symbol(text).map_err(|refusal| refused(&refusal))?;
        let code = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
        self.names.push(text.to_owned());
        self.known.insert(text.to_owned(), code);
        self.views.push(0);
        self.counts.push(0);
        self.behind.push(0);
        Ok(code)
    }
}

fn name(names: &[String], code: u32) -> &str {
    usize::try_from(code).ok().and_then(|code| names.get(code)).map_or("", String::as_str)
}

/// A text that breaks a rule of its own (T4, T5).
#[cold]
pub(super) fn refused(refusal: &Refusal) -> Box<CellError> {
    let rule = match refusal {
        Refusal::SymbolNotAllowed { rule, .. } | Refusal::TextNotAllowed { rule, .. } => *rule,
        _ => "is not allowed",
    };
    let (value, code, remedy) = (refusal.value(), refusal.code(), refusal.remedy());
    Box::new(CellError::Text { value, code, rule, remedy })
}
