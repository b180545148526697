//! Returns of calendar months and years in UTC.

use arrow_array::Int32Array;

use super::{Columns, TableError, doubles};
use crate::columns::schema::View;
use crate::export::TableSnapshot;
use crate::history::{History, Resample, month_end, month_of};

/// From the last point before a month to its last one.
#[derive(Debug, Clone, Copy)]
struct Period {
    /// The first month of a longer period.
    year: i32,
    month: i32,
    before: f64,
    last: f64,
}

/// What is known of the months of a curve so far.
#[derive(Debug, Default)]
struct Months {
    done: Vec<Period>,
    /// The last microsecond of the month at the end of `done`.
    until: Option<i64>,
    last: Option<f64>,
    ruined: bool,
}

impl History {
    /// The return of each month that holds one; the first starts at the first point of the curve.
    /// There is none when some equity is 0 or less.
    ///
    /// # Errors
    /// [`TableError::Arrow`], which is a bug.
    ///
    /// # Examples
    /// ```
    /// use portfolio_core::history::{History, Resample};
    ///
    /// assert_eq!(History::default().monthly_returns(Resample::None)?.rows, 0);
    /// # Ok::<(), portfolio_core::analysis::TableError>(())
    /// ```
    pub fn monthly_returns(&self, resample: Resample) -> Result<TableSnapshot, TableError> {
        let months = self.months(resample);
        Columns::new("monthly_returns", View::Float)
            .filled("year", months.iter().map(|month| Some(month.year)).collect::<Int32Array>())
            .filled("month", months.iter().map(|month| Some(month.month)).collect::<Int32Array>())
            .filled("return", doubles(months.iter().map(Period::growth)))
            .finish()
    }

    /// The return of each year, in the same way.
    ///
    /// # Errors
    /// As [`History::monthly_returns`].
    ///
    /// # Examples
    /// ```
    /// use portfolio_core::history::{History, Resample};
    ///
    /// assert_eq!(History::default().yearly_returns(Resample::Month)?.rows, 0);
    /// # Ok::<(), portfolio_core::analysis::TableError>(())
    /// ```
    pub fn yearly_returns(&self, resample: Resample) -> Result<TableSnapshot, TableError> {
        let mut years = Vec::<Period>::new();
        for month in self.months(resample) {
            match years.last_mut().filter(|year| year.year == month.year) {
                Some(year) => year.last = month.last,
                None => years.push(month),
            }
        }
        Columns::new("yearly_returns", View::Float)
            .filled("year", years.iter().map(|year| Some(year.year)).collect::<Int32Array>())
            .filled("return", doubles(years.iter().map(Period::growth)))
            .finish()
    }

    fn months(&self, resample: Resample) -> Vec<Period> {
        let mut months = Months::default();
        if let Some(start) = &self.start {
            months.take(start.time, start.balance.to_f64());
        }
        self.points(resample, 0, |block, _| {
            for (&time, &value) in block.times.iter().zip(block.values) {
                months.take(time, value);
            }
        });
        if months.ruined { Vec::new() } else { months.done }
    }
}

impl Months {
    #[inline]
    fn take(&mut self, time: i64, value: f64) {
        self.ruined |= value <= 0.0;
        let before = self.last.replace(value);
        let known = self.until.is_some_and(|until| time <= until);
        match (before, self.done.last_mut().filter(|_| known)) {
            // The first point of all is no return.
            (None, _) => {}
            (Some(_), Some(month)) => month.last = value,
            (Some(before), None) => {
                let (year, month) = month_of(time);
                self.done.push(Period { year, month, before, last: value });
                self.until = Some(month_end(time));
            }
        }
    }
}

impl Period {
    fn growth(&self) -> f64 {
        self.last / self.before - 1.0
    }
}
