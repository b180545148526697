//! However the rows of orders stand, they are the same orders.

use portfolio_core::batch::orders::OrderTable;
use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::{cut, frame, read_orders};
use crate::random::Random;

/// One row each: its place among all rows is in the tag.
fn rows(seed: u64, count: usize, runs: u64, times: u64) -> Vec<String> {
    let mut random = Random(seed);
    let stretch = if random.below(2) == 0 { 1 } else { 1_000_003 };
    let row = |place| {
        let (run, time) = (random.below(runs) * stretch, random.below(times));
        let rest = match random.below(5) {
            0 => format!("action=open side=buy size={} stop_loss={}", 1 + place, random.below(3)),
            1 => "action=close side=_".to_owned(),
            2 => format!("action=modify take_profit_rate=0.{}", random.below(9)),
            3 => "action=cancel side=long".to_owned(),
            _ => format!("action=target size=-{place} size_rule=equity"),
        };
        format!("run_id={run} time={time} symbol=ACME tag=t{place} {rest}")
    };
    (0..count).map(row).collect()
}

/// All rows in their order, as run, place in the run and what the row is but its number.
fn shown(table: &OrderTable) -> Vec<String> {
    let runs = table.runs().iter();
    let row = |run: Option<u32>, place| {
        let row = portfolio_core::batch::orders::OrderRow { row: 0, ..table.row(place) };
        format!("{run:?} {row:?}")
    };
    runs.flat_map(|run| run.places.clone().map(move |place| row(run.run_id, place))).collect()
}

proptest! {
    #[test]
    fn shuffled_orders_are_the_same_orders(
        seed in any::<u64>(), count in 1_usize..60, runs in 1_u64..6, times in 1_u64..50
    ) {
        // Rows of one time keep their order, so that times of one run are told apart.
        let mut rows = rows(seed, count, runs, times * 1_000_000);
        let table = |rows: &[String], places: &[usize]| {
            let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
            read_orders(&cut(&frame(&rows), places)).unwrap()
        };
        let before = shown(&table(&rows, &[]));
        let mut random = Random(seed ^ 1);
        for place in (1..rows.len()).rev() {
            let bound = u64::try_from(place + 1)?;
            rows.swap(place, usize::try_from(random.below(bound))?);
        }
        prop_assert_eq!(&shown(&table(&rows, &[count / 2])), &before);
        rows.sort_by_key(|row| {
            let number = |name: &str| -> u64 {
                row.split(' ').find_map(|cell| cell.strip_prefix(name)).unwrap().parse().unwrap()
            };
            (number("run_id="), number("time="))
        });
        let sorted = table(&rows, &[]);
        prop_assert_eq!(&shown(&sorted), &before);
        for place in 0..count {
            prop_assert_eq!(sorted.row(place).row, u64::try_from(place)?, "in order as they stand");
        }
    }

    #[test]
    fn rows_of_one_time_stay_in_their_order(seed in any::<u64>(), count in 1_usize..60) {
        let rows = rows(seed, count, 3, 4);
        let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
        let table = read_orders(&[frame(&rows)]).unwrap();
        for run in table.runs() {
            let keys = run.places.clone().map(|place| {
                let row = table.row(place);
                (row.time, row.row)
            });
            prop_assert!(keys.is_sorted());
        }
        let run_ids: Vec<u32> = table.runs().iter().filter_map(|run| run.run_id).collect();
        prop_assert!(run_ids.is_sorted_by(|run, next| run < next));
        let places: usize = table.runs().iter().map(|run| run.places.len()).sum();
        prop_assert_eq!(places, count);
    }
}
