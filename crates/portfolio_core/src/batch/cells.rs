//! Columns whose rows may lack a cell, as narrow as they allow.

use super::source::{Faults, Parts};
use super::symbols::refused;
use crate::event::Target;
use crate::frame::read_targets;
use crate::import::{CellError, Numbers, Quick, Texts, Times};
use crate::instrument::check_text;
use crate::numbers::{Price, Size};

/// Numbers at a scale; the least integer stands for none, which no number of an account is.
#[derive(Debug, Clone, Default)]
pub(super) enum Numeric {
    /// No row has one.
    #[default]
    Absent,
    Narrow(Vec<i64>),
    Wide(Vec<i128>),
}

/// Times; the least integer stands for none, which is no time.
#[derive(Debug, Clone, Default)]
pub(super) struct Moment(Vec<i64>);

/// Texts of up to 255 bytes: where each begins in one long text, and its length in the low byte.
#[derive(Debug, Clone, Default)]
pub(super) struct Notes {
    places: Vec<u64>,
    text: String,
}

/// Lists of targets: of each row where its own end, and those of the row above it begin.
#[derive(Debug, Clone, Default)]
pub(super) struct TargetLists {
    ends: Vec<usize>,
    all: Vec<Target>,
}

impl Numeric {
    /// The raw number of a row, if it has one.
    #[inline]
    pub(super) fn raw(&self, row: usize) -> Option<i128> {
        match self {
            Self::Absent => None,
            Self::Narrow(raws) => {
                raws.get(row).filter(|raw| **raw != i64::MIN).map(|&raw| i128::from(raw))
            }
            Self::Wide(raws) => raws.get(row).copied().filter(|raw| *raw != i128::MIN),
        }
    }

    /// The raw number of a row, if it has one and none of all rows has more than 64 bits.
    #[inline]
    pub(super) fn narrow(&self, row: usize) -> Option<i64> {
        match self {
            Self::Narrow(raws) => raws.get(row).copied().filter(|raw| *raw != i64::MIN),
            _ => None,
        }
    }

    /// The price of a row, if it has one.
    #[inline]
    pub(super) fn price(&self, row: usize) -> Option<Price> {
        self.raw(row).and_then(|raw| Price::from_raw(raw).ok())
    }

    /// The size of a row, if it has one.
    #[inline]
    pub(super) fn size(&self, row: usize) -> Option<Size> {
        self.raw(row).and_then(|raw| Size::from_raw(raw).ok())
    }

    /// Reads the cells at a scale of the rows that take one; `check` says what is wrong with one.
    pub(super) fn read(
        parts: Option<&Parts<Numbers<'_>>>,
        scale: u32,
        faults: &mut Faults,
        takes: impl Fn(usize) -> bool,
        check: impl Fn(Option<i128>) -> Result<(), Box<CellError>>,
    ) -> Self {
        let Some(parts) = parts else { return Self::Absent };
        let quickly = scale == Price::SCALE;
        let cell = |cells: &Numbers<'_>, row: usize, place: usize| {
            if !takes(place) {
                return Ok(None);
            }
            let raw = match cells.quick(row) {
                Quick::Null => None,
                Quick::Short(raw) if quickly => Some(i128::from(raw)),
                _ => cells.get(row, scale)?,
            };
            check(raw).map(|()| raw)
        };
        let (mut narrow, mut fits) = (Vec::with_capacity(faults.limit), true);
        parts.each(faults, |cells, row, place| {
            let raw = if fits { cell(cells, row, place)? } else { None };
            match raw.map(i64::try_from) {
                None => narrow.push(i64::MIN),
                Some(Ok(raw)) if raw != i64::MIN => narrow.push(raw),
                Some(_) => fits = false,
            }
            Ok(())
        });
        if fits {
            return Self::Narrow(narrow);
        }
        let mut wide = Vec::with_capacity(faults.limit);
        parts.each(faults, |cells, row, place| {
            wide.push(cell(cells, row, place)?.unwrap_or(i128::MIN));
            Ok(())
        });
        Self::Wide(wide)
    }
}

impl Moment {
    /// Whether there is no column.
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The time of a row, if it has one.
    #[inline]
    pub(super) fn get(&self, row: usize) -> Option<i64> {
        self.0.get(row).copied().filter(|time| *time != i64::MIN)
    }

    /// Reads the cells of the rows that take one.
    pub(super) fn read(
        parts: Option<&Parts<Times<'_>>>,
        faults: &mut Faults,
        takes: impl Fn(usize) -> bool,
    ) -> Self {
        let mut times = Vec::new();
        if let Some(parts) = parts {
            times.reserve_exact(faults.limit);
            parts.each(faults, |cells, row, place| {
                let time = if takes(place) { cells.get(row)? } else { None };
                times.push(time.unwrap_or(i64::MIN));
                Ok(())
            });
        }
        Self(times)
    }
}

impl Notes {
    /// Whether no row has one.
    pub(super) const fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text of a row; empty when it has none.
    #[inline]
    pub(super) fn get(&self, row: usize) -> &str {
        let Some(&place) = self.places.get(row) else { return "" };
        let [length, ..] = place.to_le_bytes();
        let start = usize::try_from(place >> 8).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::from(length));
        self.text.get(start..end).unwrap_or_default()
    }

    /// Reads the texts (rule T5) of the rows that take one.
    pub(super) fn read(
        parts: Option<&Parts<Texts<'_>>>,
        faults: &mut Faults,
        takes: impl Fn(usize) -> bool,
    ) -> Self {
        let mut notes = Self::default();
        let Some(parts) = parts else { return notes };
        notes.places.reserve_exact(faults.limit);
        let (mut last, column) = (0_u64, parts.column);
        parts.each(faults, |cells, row, place| {
            let text = if takes(place) { cells.get(row)?.unwrap_or_default() } else { "" };
            if text.is_empty() {
                notes.places.push(0);
                return Ok(());
            }
            // Texts come in runs; each is kept once a run.
            if notes.text.get(start_of(last)..) != Some(text) {
                check_text(column, text).map_err(|refusal| refused(&refusal))?;
                last = notes.append(text);
            }
            notes.places.push(last);
            Ok(())
        });
        notes
    }

    fn append(&mut self, text: &str) -> u64 {
        let start = u64::try_from(self.text.len()).unwrap_or(u64::MAX);
        self.text.push_str(text);
        (start << 8) | u64::from(u8::try_from(text.len()).unwrap_or(u8::MAX))
    }
}

fn start_of(place: u64) -> usize {
    usize::try_from(place >> 8).unwrap_or(usize::MAX)
}

impl TargetLists {
    /// Whether no row has any.
    pub(super) const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The targets of a row.
    #[inline]
    pub(super) fn get(&self, row: usize) -> &[Target] {
        let Some(&end) = self.ends.get(row) else { return &[] };
        let above = row.checked_sub(1).and_then(|row| self.ends.get(row));
        self.all.get(above.copied().unwrap_or(0)..end).unwrap_or_default()
    }

    /// Reads the targets of the rows that take some.
    pub(super) fn read(
        parts: Option<&Parts<Texts<'_>>>,
        faults: &mut Faults,
        takes: impl Fn(usize) -> bool,
    ) -> Self {
        let mut lists = Self::default();
        let Some(parts) = parts else { return lists };
        lists.ends.reserve_exact(faults.limit);
        parts.each(faults, |cells, row, place| {
            if takes(place)
                && let Some(text) = cells.get(row)?
            {
                read_targets(text, &mut lists.all)?;
            }
            lists.ends.push(lists.all.len());
            Ok(())
        });
        lists
    }
}
