//! Rows by run, time and row.

use std::ops::Range;

use super::orders::RunRows;

/// The order in which rows are taken.
#[derive(Debug, Clone, Default)]
pub(super) struct RowOrder {
    pub(super) runs: Vec<RunRows>,
    /// The row at each place; nothing when the rows are in order as they stand.
    rows: Option<Vec<u32>>,
}

impl RowOrder {
    /// The row at a place.
    #[inline]
    #[expect(clippy::indexing_slicing, reason = "a place that no run has is a broken invariant")]
    pub(super) fn row(&self, place: usize) -> usize {
        match &self.rows {
            Some(rows) => usize::try_from(rows[place]).unwrap_or(usize::MAX),
            None => place,
        }
    }

    /// The order of rows with these times, and of these runs if they say which.
    pub(super) fn of(times: &[i64], run_ids: Option<&[u32]>) -> Self {
        let Some(run_ids) = run_ids else {
            let runs = vec![RunRows { run_id: None, places: 0..times.len() }];
            let rows = (!times.is_sorted()).then(|| sorted(times.len(), |row| value(times, row)));
            return Self { runs, rows };
        };
        if run_ids.iter().zip(times).is_sorted() {
            return Self { runs: runs_of(run_ids.len(), |place| get(run_ids, place)), rows: None };
        }
        let Some(mut rows) = by_run(run_ids) else {
            let rows = sorted(run_ids.len(), |row| (value(run_ids, row), value(times, row)));
            let runs = runs_of(rows.len(), |place| value(run_ids, get(&rows, place)));
            return Self { runs, rows: Some(rows) };
        };
        let runs = runs_of(rows.len(), |place| value(run_ids, get(&rows, place)));
        for run in &runs {
            let of_run = rows.get_mut(run.places.clone()).unwrap_or_default();
            if !of_run.is_sorted_by_key(|&row| value(times, row)) {
                of_run.sort_by_key(|&row| value(times, row));
            }
        }
        Self { runs, rows: Some(rows) }
    }
}

/// All rows by a key; rows of one key stay in their order.
fn sorted<K: Ord>(count: usize, key: impl Fn(u32) -> K) -> Vec<u32> {
    let mut rows: Vec<u32> = (0..u32::try_from(count).unwrap_or(u32::MAX)).collect();
    rows.sort_by_key(|&row| key(row));
    rows
}

/// All rows by run, each in its place at once; nothing when the run ids are too far apart to count
/// the rows of each. Orders that stand by time have all their runs mixed.
fn by_run(run_ids: &[u32]) -> Option<Vec<u32>> {
    let count = usize::try_from(run_ids.iter().max()?.saturating_add(1)).ok()?;
    if count > run_ids.len().saturating_mul(4) {
        return None;
    }
    let mut next = vec![0_usize; count];
    let index = |run_id: u32| usize::try_from(run_id).unwrap_or(usize::MAX);
    for &run_id in run_ids {
        let behind = next.get_mut(index(run_id))?;
        *behind = behind.saturating_add(1);
    }
    let mut start = 0_usize;
    for place in &mut next {
        let rows = *place;
        *place = start;
        start = start.saturating_add(rows);
    }
    let mut rows = vec![0_u32; run_ids.len()];
    for (row, &run_id) in (0_u32..).zip(run_ids) {
        let place = next.get_mut(index(run_id))?;
        *rows.get_mut(*place)? = row;
        *place = place.saturating_add(1);
    }
    Some(rows)
}

/// Where each run of so many places is.
fn runs_of(places: usize, run_id: impl Fn(usize) -> u32) -> Vec<RunRows> {
    let mut runs: Vec<RunRows> = Vec::new();
    for place in 0..places {
        let run_id = Some(run_id(place));
        match runs.last_mut().filter(|run| run.run_id == run_id) {
            Some(run) => run.places.end = place.saturating_add(1),
            None => {
                let places: Range<usize> = place..place.saturating_add(1);
                runs.push(RunRows { run_id, places });
            }
        }
    }
    runs
}

fn get<T: Copy + Default>(values: &[T], place: usize) -> T {
    values.get(place).copied().unwrap_or_default()
}

fn value<T: Copy + Default>(values: &[T], row: u32) -> T {
    usize::try_from(row).map(|row| get(values, row)).unwrap_or_default()
}
