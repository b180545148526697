//! What is known of bars, as columns of prepared ones.

use arrow_array::types::{Float64Type, Int64Type};
use arrow_schema::ArrowError;

use super::facts::{Bars, Divisor, FEW, Facts, LANES, Levels, MANY, Raw, whole};
use super::shares;
use crate::batch::BatchError;
use crate::batch::bars::BarTable;
use crate::batch::prepared::{Columns, Given, check, fault};

impl Facts {
    /// Finds what was not found yet, and writes all of it.
    pub(in crate::batch) fn write(
        &self,
        bars: &BarTable,
        columns: &mut Columns,
    ) -> Result<(), ArrowError> {
        let empty = Bars::default();
        let found = self.get(bars);
        let numbers = found.map(|found| {
            let step = found.step.map_or(0, Divisor::number);
            [i64::from(found.zeros), found.spread, found.top, step]
        });
        columns.few("line", numbers)?;
        let Bars { closes, low, high, .. } = found.unwrap_or(&empty);
        columns.doubles("line_closes", closes)?;
        for (name, values) in LEVELS.into_iter().zip([&low.few, &low.many, &high.few, &high.many]) {
            columns.numbers::<Int64Type>(name, values)?;
        }
        self.1.write(bars, columns)
    }

    /// What was written of bars that are read but for this.
    pub(in crate::batch) fn read(
        bars: &BarTable,
        given: Given<'_>,
    ) -> Result<Self, Box<BatchError>> {
        let line = Bars::read(bars, given)?;
        Ok(Self(line.map(Box::new).into(), shares::Facts::read(bars, given)?))
    }
}

/// The columns of the extremes.
const LEVELS: [&str; 4] = ["line_low_few", "line_low_many", "line_high_few", "line_high_many"];

impl Bars {
    fn read(bars: &BarTable, given: Given<'_>) -> Result<Option<Self>, Box<BatchError>> {
        let Some([zeros, spread, top, step]) = given.few("line")? else {
            given.none::<Float64Type>(&["line_closes"])?;
            given.none::<Int64Type>(&LEVELS)?;
            return Ok(None);
        };
        let wrong = || fault("line", "says what no bars are");
        let zeros = u32::try_from(zeros).ok().filter(|&zeros| zeros <= 9).ok_or_else(wrong)?;
        let step = if step == 0 { None } else { Some(Divisor::new(step).ok_or_else(wrong)?) };
        let highest = whole(top).ok_or_else(wrong)?;
        if Raw::of(bars).is_none() || bars.symbols.len() != 1 || spread < 0 || top < 0 {
            return Err(wrong());
        }
        let rows = bars.symbol.len();
        let closes = given.doubles("line_closes")?;
        check("line_closes", Some(closes.len()) == rows.checked_add(LANES))?;
        let few = rows.div_ceil(FEW);
        let many = few.div_ceil(MANY);
        let level = |name: &str, count: usize| {
            let values = given.numbers::<Int64Type>(name)?;
            check(name, values.len() == count)?;
            Ok::<_, Box<BatchError>>(values)
        };
        let [low_few, low_many, high_few, high_many] = LEVELS;
        let low = Levels { few: level(low_few, few)?, many: level(low_many, many)? };
        let high = Levels { few: level(high_few, few)?, many: level(high_many, many)? };
        Ok(Some(Self { zeros, spread, closes, top, highest, low, high, step }))
    }
}
