//! What kinds of account cost beside a plain one: netting, another currency, a margin model at the
//! marks, a commission model. Each applies the same opens, updates and closes; items are events.
//!
//! The digest of the end of each run is printed: two machines that print the same ones did the same
//! work.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a bench fails by panicking and says what it did"
)]

#[path = "../tests/random/mod.rs"]
mod random;

use divan::Bencher;
use divan::counter::ItemsCount;
use portfolio_core::currency::Currency;
use portfolio_core::event::{Close, Event, Marks, Open, Protection, Quote, Side};
use portfolio_core::instrument::Instrument;
use portfolio_core::ledger::{Configuration, Ledger, Mode};
use portfolio_core::numbers::{Money, Price, Size};
use portfolio_core::terms::{
    Basis, ChargedOn, Commission, CommissionKind, CommissionTier, Margin, MarginTier, Requirement,
    Terms,
};
use random::Random;

const ROUNDS: usize = 20_000;
const EVENTS: usize = 3 * ROUNDS;
const SEED: u64 = 1;
const KINDS: [Kind; 5] =
    [Kind::Plain, Kind::Netting, Kind::Currency, Kind::Margin, Kind::Commission];

/// A kind of account.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Plain,
    Netting,
    /// Profits in a currency whose rate moves with each update.
    Currency,
    /// Margin in tiers of the value at the mark, a part of it for hedged volume.
    Margin,
    /// A rate of the value, with a minimum.
    Commission,
}

fn main() {
    let prices = prices();
    for kind in KINDS {
        let mut ledger = ledger(kind);
        run(&mut ledger, kind, &prices);
        println!("{kind:?}: {EVENTS} events, digest {}", ledger.digest().unwrap());
    }
    divan::main();
}

fn prices() -> Vec<Price> {
    let mut random = Random(SEED);
    let mut price =
        |_| Price::from_raw(i128::from(9_000 + random.below(2_001)) * 10_000_000).unwrap();
    (0..ROUNDS).map(&mut price).collect()
}

fn terms(kind: Kind) -> Option<Box<Terms>> {
    match kind {
        Kind::Plain | Kind::Netting | Kind::Currency => None,
        Kind::Margin => {
            let limit = Some(Money::parse("500").unwrap());
            let tiers = [(limit, 100_000_000), (None, 200_000_000)];
            let tiers = tiers.map(|(limit, rate)| MarginTier { limit, rate }).to_vec();
            let margin = Margin {
                requirement: Requirement::Tiers(tiers),
                basis: Basis::Mark,
                hedged: Some(500_000_000),
                in_base: false,
            };
            Some(Box::new(Terms { margin: Some(margin), ..Terms::default() }))
        }
        Kind::Commission => {
            let commission = Commission {
                kind: CommissionKind::Rate,
                tiers: vec![CommissionTier { volume: None, taker: 500_000, maker: 200_000 }],
                minimum: Some(Money::parse("0.01").unwrap()),
                on: ChargedOn::Both,
            };
            Some(Box::new(Terms { commission: Some(commission), ..Terms::default() }))
        }
    }
}

fn ledger(kind: Kind) -> Ledger {
    let foreign = matches!(kind, Kind::Currency);
    let mut ledger = Ledger::new(Configuration {
        leverage: 30_000_000_000,
        currency: Currency::parse(if foreign { "EUR" } else { "USD" }).unwrap(),
        mode: if matches!(kind, Kind::Netting) { Mode::Netting } else { Mode::Hedging },
        ..Configuration::new(Money::parse("10000000000").unwrap())
    })
    .unwrap();
    let usd = Currency::parse("USD");
    let acme = Instrument {
        price_decimals: 2,
        size_decimals: 1,
        quote_currency: usd,
        terms: terms(kind),
        ..Instrument::default_for("ACME")
    };
    ledger.apply(&Event::RegisterInstrument(acme)).unwrap();
    if foreign {
        let base =
            Some(Box::new(Terms { base_currency: Currency::parse("EUR"), ..Terms::default() }));
        let pair =
            Instrument { quote_currency: usd, terms: base, ..Instrument::default_for("EURUSD") };
        ledger.apply(&Event::RegisterInstrument(pair)).unwrap();
        let rate = Price::parse("1.1").unwrap();
        let quotes = &[Quote { symbol: "EURUSD", bid: rate, ask: rate }];
        ledger.apply(&Event::Mark(Marks { time: Some(0), quotes })).unwrap();
    }
    ledger
}

/// Opens and closes with a position of before: an open, an update, a close, and so on.
fn run(ledger: &mut Ledger, kind: Kind, prices: &[Price]) {
    let size = Size::parse("3").unwrap();
    let fee = if matches!(kind, Kind::Commission) { None } else { Some(Money::ZERO) };
    for (time, &price) in (1_i64..).zip(prices) {
        let open = Open {
            symbol: "ACME",
            side: Side::Long,
            size,
            price,
            time,
            stop_loss: None,
            take_profit: None,
            fee,
            tag: "",
            position_id: None,
            protection: Protection::NONE,
        };
        let position_id = ledger.apply(&Event::Open(open)).unwrap().position_id;
        // A price from 90 to 110 makes a rate from 0.9 to 1.1.
        let rate = Price::from_raw(price.raw() / 100).unwrap();
        let quote = Quote { symbol: "ACME", bid: price, ask: price };
        let rated = [quote, Quote { symbol: "EURUSD", bid: rate, ask: rate }];
        let quotes = if matches!(kind, Kind::Currency) { &rated[..] } else { &rated[..1] };
        ledger.apply(&Event::UpdateEquity(Marks { time: Some(time), quotes })).unwrap();
        let close = Close { position_id, price, time, size: None, fee, reason: "" };
        ledger.apply(&Event::Close(close)).unwrap();
    }
}

/// The same events in each kind of account.
#[divan::bench(args = KINDS, sample_size = 1)]
fn events(bencher: Bencher<'_, '_>, kind: Kind) {
    let prices = prices();
    bencher.counter(ItemsCount::new(EVENTS)).with_inputs(|| ledger(kind)).bench_local_values(
        |mut ledger| {
            run(&mut ledger, kind, &prices);
            ledger
        },
    );
}
