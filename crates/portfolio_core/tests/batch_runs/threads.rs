//! That nothing depends on threads, on other runs, or on luck (rule R11).

use std::fmt::Write as _;
use std::sync::atomic::Ordering;

use arrow_array::RecordBatch;
use portfolio_core::batch::outcome::Keep;
use portfolio_core::batch::pool::{Control, Tables};

use crate::made::{Made, everything};
use crate::shown::shown;

/// Runs over so many moments, a few rows each, some of them refused.
fn many(runs: u32, moments: i64) -> Made {
    let mut bars = "time open high low close\n".to_owned();
    for moment in 0..moments {
        let price = 100 + (moment * 7919 % 41) - 20;
        writeln!(bars, "{moment} {price} {} {} {}", price + 3, price - 3, price + 1).unwrap();
    }
    let mut orders = "run_id time action side size stop_loss_distance tag\n".to_owned();
    let mut params = "run_id take_profit_distance\n".to_owned();
    for run in 0..runs {
        let (first, size) = (i64::from(run) % moments, 1 + run % 5);
        writeln!(orders, "{run} {first} open long {size} 5 tag_{run}_of_some_length").unwrap();
        writeln!(orders, "{run} {} open short 1 - -", first / 2).unwrap();
        writeln!(orders, "{run} {} close - - - -", first + 3).unwrap();
        writeln!(params, "{run} {}", 1 + run % 7).unwrap();
    }
    Made::new(&bars, &orders).with_params(&params)
}

fn on(made: &Made, threads: usize, keep: &Keep) -> Tables {
    let batch = made.batch();
    batch.run_many(0..batch.len(), threads, &Control::new(), keep).unwrap()
}

fn batches(tables: &Tables) -> [&[RecordBatch]; 5] {
    let Tables { equity, trades, metrics, finals, rejected, .. } = tables;
    [equity, trades, metrics, finals, rejected].map(|table| table.batches.as_slice())
}

#[test]
fn any_number_of_threads_gives_the_same_chunks() {
    for (runs, moments) in [(700, 97), (5, 5_000), (4_200, 3)] {
        let made = many(runs, moments);
        let one = on(&made, 1, &everything());
        assert_eq!(one.done, usize::try_from(runs).unwrap());
        assert!(one.trades.rows > 0 && (moments > 97 || one.rejected.rows > 0));
        for threads in [2, 3, 8] {
            let more = on(&made, threads, &everything());
            assert_eq!(batches(&one), batches(&more), "{runs} runs, {threads} threads");
        }
    }
}

#[test]
fn runs_do_not_know_each_other() {
    let made = many(40, 50);
    let batch = made.batch();
    let whole = on(&made, 1, &everything());
    let columns = "run_id time equity";
    let equity = shown(&whole.equity, columns);
    let digests = shown(&whole.finals, "run_id digest");
    // One by one, in any order.
    for place in [39, 0, 17] {
        let one = batch.run_many(place..place + 1, 2, &Control::new(), &everything()).unwrap();
        assert_eq!(shown(&one.equity, columns), equity[place * 50..(place + 1) * 50]);
        assert_eq!(shown(&one.finals, "run_id digest"), digests[place..=place]);
    }
    // In the order of other parameters.
    let mut turned: Vec<String> = (0..40).map(|run| format!("{run} {}", 1 + run % 7)).collect();
    turned.reverse();
    let turned = format!("run_id take_profit_distance\n{}", turned.join("\n"));
    let turned = many(40, 50).with_params(&turned);
    let mut found = shown(&on(&turned, 3, &everything()).finals, "run_id digest");
    found.reverse();
    assert_eq!(found, digests);
}

#[test]
fn a_cancelled_call_has_the_first_runs_alone() {
    let made = many(20, 5_000);
    let batch = made.batch();
    let control = Control::new();
    control.cancel.store(true, Ordering::Relaxed);
    let none = batch.run_many(0..20, 2, &control, &everything()).unwrap();
    assert_eq!((none.done, none.finals.rows), (0, 0));
    let all = on(&made, 1, &everything());
    let control = Control::new();
    let some = std::thread::scope(|scope| {
        let worker = scope.spawn(|| batch.run_many(0..20, 2, &control, &everything()).unwrap());
        while control.done.load(Ordering::Relaxed) < 3 {
            std::thread::yield_now();
        }
        control.cancel.store(true, Ordering::Relaxed);
        worker.join().unwrap()
    });
    assert!(some.done <= 20);
    assert_eq!(some.finals.rows, some.done);
    let digests = "run_id digest";
    assert_eq!(shown(&some.finals, digests), shown(&all.finals, digests)[..some.done]);
    assert_eq!(some.equity.rows, some.done * 5_000);
}

#[test]
fn what_is_done_is_counted() {
    let made = many(30, 10);
    let batch = made.batch();
    let control = Control::new();
    batch.run_many(5..25, 3, &control, &Keep::default()).unwrap();
    assert_eq!(control.done.load(Ordering::Relaxed), 20);
    let beyond = batch.run_many(28..99, 3, &control, &Keep::default()).unwrap();
    assert_eq!(beyond.done, 2);
}
