//! Rows of one time, which are one moment.

/// Where the moments of a frame are.
#[derive(Debug, Default)]
pub(super) struct Moments {
    /// Their times, strictly increasing.
    pub(super) times: Vec<i64>,
    /// First row of each, and the number of rows behind the last.
    pub(super) starts: Vec<u32>,
    /// The moment of each row.
    pub(super) moment_of: Vec<u32>,
}

impl Moments {
    /// The moments of these times, up to the first time that is before the one above it; its row,
    /// if there is one.
    pub(super) fn of(times: &[i64]) -> (Self, Option<usize>) {
        let mut found = Self { moment_of: Vec::with_capacity(times.len()), ..Self::default() };
        let (mut last, mut back) = (None, None);
        let mut moment = 0_u32;
        for (row, &time) in times.iter().enumerate() {
            if last != Some(time) {
                if last.is_some_and(|last| time < last) {
                    back = Some(row);
                    break;
                }
                moment = u32::try_from(found.times.len()).unwrap_or(u32::MAX);
                found.times.push(time);
                found.starts.push(number(row));
                last = Some(time);
            }
            found.moment_of.push(moment);
        }
        found.starts.push(number(found.moment_of.len()));
        (found, back)
    }
}

/// A row as a number of 32 bits; a frame has fewer rows than that.
pub(super) fn number(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}
