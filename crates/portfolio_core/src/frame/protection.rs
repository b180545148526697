//! The cells of what protects a position beside stop loss and take profit (rules E1 and Q1).

use super::cells::{Read, RowReader};
use crate::event::{BreakEven, Change, Modify, Protection, Target};
use crate::import::CellError;
use crate::numbers::{NumberError, Price, Size};
use crate::refusal::Code;

impl RowReader<'_, '_> {
    /// The protection of an open or an order; `targets` is where its targets are kept.
    #[inline(never)]
    pub(super) fn protection<'t>(&self, targets: &'t mut Vec<Target>) -> Read<Protection<'t>> {
        let columns = self.columns;
        let trailing = self.level("trailing", &columns.trailing)?;
        let trigger = self.level("break_even", &columns.break_even)?;
        let offset = self.offset(trigger.is_some())?;
        let break_even = trigger.map(|trigger| BreakEven { trigger, offset });
        self.targets(targets)?;
        let exit_time = self.moment("exit_time", &columns.exit_time)?;
        Ok(Protection { trailing, break_even, targets, exit_time })
    }

    /// What a modify does with it: a null leaves a part, 0 or "" removes it.
    #[inline(never)]
    pub(super) fn change_protection<'t>(
        &self,
        modify: &mut Modify<'t>,
        targets: &'t mut Vec<Target>,
    ) -> Read<()> {
        let columns = self.columns;
        modify.trailing = self.change("trailing", &columns.trailing)?;
        let trigger = self.change("break_even", &columns.break_even)?;
        let offset = self.offset(trigger.set().is_some())?;
        modify.break_even = match trigger {
            Change::Keep => Change::Keep,
            Change::Remove => Change::Remove,
            Change::Set(trigger) => Change::Set(BreakEven { trigger, offset }),
        };
        modify.targets = match self.targets(targets)? {
            false => Change::Keep,
            true if targets.is_empty() => Change::Remove,
            true => Change::Set(targets),
        };
        modify.exit_time = match self.moment("exit_time", &columns.exit_time)? {
            None => Change::Keep,
            Some(0) => Change::Remove,
            Some(time) => Change::Set(time),
        };
        Ok(())
    }

    /// The offset of a break-even, which there is only beside its trigger.
    fn offset(&self, has_trigger: bool) -> Read<Price> {
        let offset = self.price("break_even_offset", &self.columns.break_even_offset)?;
        let offset = offset.unwrap_or(Price::ZERO);
        if has_trigger || offset.is_zero() {
            return Ok(offset);
        }
        let error = CellError::Text {
            value: offset.to_string(),
            code: Code::InvalidArgument,
            rule: "stands without a break_even",
            remedy: "pass the trigger in break_even, or no offset",
        };
        Err(self.fault("break_even_offset", &error))
    }

    /// Reads the targets; answers whether the cell has a text.
    fn targets(&self, targets: &mut Vec<Target>) -> Read<bool> {
        targets.clear();
        let Some(text) = self.text("targets", &self.columns.targets)? else { return Ok(false) };
        read_targets(text, targets).map_err(|error| self.fault("targets", &error))?;
        Ok(true)
    }
}

/// Adds the targets of a text that has the form `price:size;...`; an empty one has none.
pub(crate) fn read_targets(text: &str, targets: &mut Vec<Target>) -> Result<(), Box<CellError>> {
    if text.is_empty() {
        return Ok(());
    }
    for part in text.split(';') {
        let pair = part.split_once(':').filter(|(_, size)| !size.contains(':'));
        let Some((price, size)) = pair else {
            return Err(Box::new(CellError::Text {
                value: format!("{part:?}"),
                code: Code::InvalidArgument,
                rule: "is no pair of a price and a size",
                remedy: "write targets as price:size, with ; between them",
            }));
        };
        let price = Price::parse(price).map_err(|error| no_number(price, error))?;
        let size = Size::parse(size).map_err(|error| no_number(size, error))?;
        targets.push(Target { price, size });
    }
    Ok(())
}

#[cold]
fn no_number(text: &str, error: NumberError) -> Box<CellError> {
    let (value, scale) = (format!("{text:?}"), Price::SCALE);
    Box::new(CellError::Number { value, scale, error })
}
