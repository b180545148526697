//! What a portfolio was: held against pictures that were taken on the way.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[expect(dead_code, reason = "each test uses its part")]
mod frame_rows;
mod lives;
mod random;

use frame_rows::{apply, apply_batches, shown};
use lives::{grown, index};
use portfolio_core::columns::schema::View;
use portfolio_core::event::{Cash, Event};
use portfolio_core::frame::OnError;
use portfolio_core::ledger::{Account, Configuration, Ledger, Moment};
use portfolio_core::numbers::Money;
use random::Random;

/// What is asked of the past: the account and what is open.
fn picture(ledger: &mut Ledger) -> (Account, Vec<String>) {
    (*ledger.account(), shown(&ledger.open_positions(View::Exact).unwrap()))
}

/// The number of the event of a row.
fn number(row: &str) -> &str {
    row.split(' ').find(|cell| cell.starts_with("event=")).unwrap()
}

fn place(number: u64) -> usize {
    usize::try_from(number).unwrap()
}

#[test]
fn every_moment_of_a_life_is_what_it_was() {
    let mut moments = 0;
    for seed in 0..60 {
        let (mut ledger, mut source) = grown(seed);
        let mut random = Random(seed);
        for _ in 0..40 {
            let rows = source.rows(1);
            if !rows.is_empty() {
                apply(&mut ledger, &rows, OnError::Record).unwrap();
            }
        }
        // The same events again, each as a frame of its own, and a picture after each.
        let total = ledger.account().events;
        let mut again = Ledger::new(ledger.configuration().clone()).unwrap();
        let mut pictures = vec![picture(&mut again)];
        let (told, table) = (frame_rows::told(&ledger), ledger.events_table(View::Exact).unwrap());
        let [whole] = &table.batches[..] else { panic!("one batch") };
        let mut start = 0;
        for event in told.chunk_by(|left, right| number(left) == number(right)) {
            let rows = whole.slice(start, event.len());
            apply_batches(&mut again, &[rows], OnError::Raise).unwrap();
            pictures.push(picture(&mut again));
            start += event.len();
        }
        assert_eq!(*pictures.last().unwrap(), picture(&mut ledger), "seed {seed}");
        for (seq, pair) in pictures.windows(2).enumerate() {
            assert_eq!(pair[0].0.events + 1, pair[1].0.events, "seed {seed}, event {seq}");
        }
        for _ in 0..60 {
            let seq = random.below(total + 1);
            let found = ledger.at(Moment::Seq(seq), picture).unwrap().unwrap();
            assert_eq!(found, pictures[place(seq)], "seed {seed}, event {seq}");
            moments += 1;
        }
        assert_eq!(ledger.at(Moment::Seq(total + 1), |_| ()).unwrap(), None);
        check_times(&mut ledger, &pictures, &mut random);
        assert_eq!(ledger.verify(), Ok(()), "seed {seed}");
    }
    assert_eq!(moments, 60 * 60);
}

/// Asks at random times, in one call and one by one.
fn check_times(ledger: &mut Ledger, pictures: &[(Account, Vec<String>)], random: &mut Random) {
    let last = ledger.account().last_time;
    let times: Vec<i64> = (0..50)
        .map(|_| {
            let known = pictures[index(random, u64::try_from(pictures.len()).unwrap())].0.last_time;
            (known + i64::try_from(random.below(3)).unwrap() - 1).clamp(-5, last + 5)
        })
        .collect();
    // The last event at this time or before; what has no time belongs to the one before it.
    let wanted = |time: i64| {
        let fits = |account: &Account| !account.has_time || account.last_time <= time;
        pictures.iter().rev().find(|(account, _)| fits(account)).unwrap()
    };
    let table = shown(&ledger.moments(&times, View::Exact).unwrap().unwrap());
    assert_eq!(table.len(), times.len());
    for (&time, row) in times.iter().zip(table) {
        let (account, open) = wanted(time);
        let found = ledger.at(Moment::Time(time), picture).unwrap().unwrap();
        assert_eq!((&found.0, &found.1), (account, open), "time {time}");
        let expected = format!(
            "time={time} seq={} equity={} balance={} unrealized_pnl={} margin_used={} \
             gross_exposure={} net_exposure={} open_positions={}",
            account.events,
            account.equity,
            account.balance,
            account.unrealized,
            account.margin_used,
            account.gross_exposure(),
            account.net_exposure(),
            open.len()
        );
        assert_eq!(row, expected);
    }
}

#[test]
fn a_long_history_leaves_forks_behind_and_answers_alike() {
    let mut ledger = Ledger::new(Configuration::new(Money::parse("0").unwrap())).unwrap();
    let amount = Money::parse("1").unwrap();
    let mut random = Random(11);
    for round in 1..=6_i64 {
        for step in 0..60_000 {
            let time = (round - 1) * 60_000 + step;
            ledger.apply(&Event::Deposit(Cash { amount, time, currency: None })).unwrap();
        }
        let events = ledger.account().events;
        for _ in 0..40 {
            let seq = random.below(events);
            let balance = ledger.at(Moment::Seq(seq), |past| past.account().balance);
            assert_eq!(balance.unwrap().unwrap().raw(), i128::from(seq) * amount.raw());
            let time = i64::try_from(random.below(events)).unwrap();
            let found = ledger.at(Moment::Time(time), |past| past.account().events);
            assert_eq!(found.unwrap().unwrap(), random_seq(time));
        }
        // A fork knows the same past, and goes on with another one.
        let mut fork = ledger.fork().unwrap();
        let found = fork.at(Moment::Seq(9), |past| past.account().events);
        assert_eq!(found.unwrap(), Some(9));
    }
    let times: Vec<i64> =
        (0..1_000).map(|_| i64::try_from(random.below(400_000)).unwrap()).collect();
    let table = ledger.moments(&times, View::Exact).unwrap().unwrap();
    for (time, row) in times.iter().zip(shown(&table)) {
        let seq = random_seq(*time).min(360_000);
        assert!(row.starts_with(&format!("time={time} seq={seq} equity={seq} balance={seq} ")));
    }
    assert_eq!(ledger.verify(), Ok(()));
}

/// One event each microsecond from 0 on.
fn random_seq(time: i64) -> u64 {
    u64::try_from(time).unwrap() + 1
}
