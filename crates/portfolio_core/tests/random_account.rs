//! Random events in accounts of every kind. After each event the invariants hold (debug builds ask
//! for them by themselves); a refused event changes nothing; the events, applied again, lead to the
//! same account.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a failed test stops here, and its numbers are small"
)]

mod full_disk;

use full_disk::apply_after_a_full_disk;
use portfolio_core::currency::Currency;
use portfolio_core::event::{
    Cash, ChargeSwap, Close, CloseBy, Convert, Dividend, Event, Fee, Marks, Open, Protection,
    Quote, Rollover, Side, Split,
};
use portfolio_core::instrument::Instrument;
use portfolio_core::ledger::{BatchSize, Configuration, Ledger, Mode, Rounding};
use portfolio_core::numbers::{Money, Price, Size};
use portfolio_core::terms::{
    Basis, ChargedOn, Commission, CommissionKind, CommissionTier, Margin, MarginTier, Requirement,
    Swap, SwapKind, Terms,
};
use proptest::collection::vec;
use proptest::prelude::*;

const ONE9: i128 = 1_000_000_000;
const HOUR: i64 = 3_600_000_000;
const SYMBOLS: [&str; 6] = ["EURUSD", "USDJPY", "DAX", "XBT", "STOCK", "FREE"];

fn money(cents: i64) -> Money {
    Money::from_raw(i128::from(cents) * 10_i128.pow(16)).unwrap()
}

fn price(cents: i64) -> Price {
    Price::from_raw(i128::from(cents) * 10_i128.pow(7)).unwrap()
}

fn size(tenths: i64) -> Size {
    Size::from_raw(i128::from(tenths) * 10_i128.pow(8)).unwrap()
}

fn margin(requirement: Requirement, basis: Basis, hedged: bool, in_base: bool) -> Margin {
    Margin { requirement, basis, hedged: hedged.then_some(ONE9 / 4), in_base }
}

fn swap(kind: SwapKind, zone: &str) -> Swap {
    let multipliers = [1, 1, 3, 1, 1, 0, 0];
    let (long, short) = (-ONE9 / 300, ONE9 / 700);
    let (rollovers, zone) = (vec![60, 17 * 60], zone.to_owned());
    Swap { kind, long, short, rollovers, zone, multipliers, day_count: 360 }
}

fn commission(kind: CommissionKind, value: i128) -> Commission {
    let tier = |volume, part| CommissionTier { volume, taker: value / part, maker: 0 };
    let tiers = vec![tier(Some(money(500_000)), 1), tier(None, 3)];
    Commission { kind, tiers, minimum: Some(money(3)), on: ChargedOn::Both }
}

fn instruments() -> Vec<Instrument> {
    let named = |symbol: &str, quote: &str, terms: Terms| Instrument {
        quote_currency: Currency::parse(quote),
        price_decimals: 2,
        size_decimals: 1,
        terms: Some(Box::new(terms)),
        ..Instrument::default_for(symbol)
    };
    let base = Currency::parse;
    let tiers = vec![
        MarginTier { limit: Some(money(50_000)), rate: ONE9 / 50 },
        MarginTier { limit: None, rate: ONE9 / 7 },
    ];
    let leverage = Requirement::Leverage(30 * ONE9);
    vec![
        named(
            "EURUSD",
            "USD",
            Terms {
                base_currency: base("EUR"),
                margin: Some(margin(leverage, Basis::Open, true, true)),
                swap: Some(swap(SwapKind::Points, "America/New_York")),
                ..Terms::default()
            },
        ),
        named(
            "USDJPY",
            "JPY",
            Terms {
                base_currency: base("USD"),
                margin: Some(margin(Requirement::Tiers(tiers), Basis::Mark, true, false)),
                commission: Some(commission(CommissionKind::PerLot, money(70).raw())),
                ..Terms::default()
            },
        ),
        named(
            "DAX",
            "EUR",
            Terms {
                tick_size: Some(price(25)),
                lot_step: Some(size(5)),
                commission: Some(commission(CommissionKind::Rate, ONE9 / 700)),
                swap: Some(swap(SwapKind::Rate, "Europe/Berlin")),
                ..Terms::default()
            },
        ),
        named(
            "XBT",
            "USD",
            Terms {
                base_currency: base("BTC"),
                inverse: true,
                margin: Some(margin(Requirement::Rate(ONE9 / 10), Basis::Mark, false, false)),
                swap: Some(swap(SwapKind::Funding, "UTC")),
                ..Terms::default()
            },
        ),
        named(
            "STOCK",
            "USD",
            Terms {
                margin: Some(margin(Requirement::PerLot(money(150)), Basis::Open, true, false)),
                ..Terms::default()
            },
        ),
    ]
}

/// Marks that give every currency a rate: BTC has one by its contract, which is a pair.
const FIRST: [(&str, i64, i64); 4] = [
    ("EURUSD", 108, 110),
    ("USDJPY", 15_000, 15_002),
    ("XBT", 6_000_000, 6_000_100),
    ("DAX", 9_000, 9_025),
];

/// Numbers of an event: what it is, a symbol or position, a side, three figures, hours later.
type Step = (u8, usize, bool, [i64; 3], i64);

fn step() -> impl Strategy<Value = Step> {
    (0_u8..18, 0_usize..6, any::<bool>(), [1_i64..60, 1_i64..2_000, 0_i64..50], 0_i64..40)
}

/// A price near where the symbol is.
fn near(symbol: usize, number: i64) -> i64 {
    let (start, step) =
        [(80, 1), (14_000, 1), (8_000, 1), (5_500_000, 500), (9_000, 1), (5_000, 1)][symbol];
    let raw = start + number * step / if symbol == 0 { 40 } else { 1 };
    if symbol == 2 { raw / 25 * 25 } else { raw }
}

fn apply(ledger: &mut Ledger, step: &Step, mode: Sent) -> Result<(), u32> {
    let (kind, at, long, [first, second, third], hours) = *step;
    let time = ledger.account().last_time + hours * HOUR;
    let ids: Vec<u64> = ledger.positions().rows().iter().map(|row| row.position_id).collect();
    let id = |number: usize| ids.get(number % ids.len().max(1)).copied().unwrap_or(1);
    let (symbol, level) = (SYMBOLS[at], near(at, second));
    let currencies = ["USD", "EUR", "JPY", "BTC"].map(|code| Currency::parse(code).unwrap());
    let (one, other) = (currencies[at % 4], currencies[usize::try_from(first).unwrap() % 4]);
    let quote = Quote { symbol, bid: price(level), ask: price(level + third / 25 * 25) };
    let quotes = [quote];
    let marks = Marks { time: Some(time), quotes: &quotes };
    let amount = money(first * 400);
    let fee = (third % 3 == 0)
        .then(|| Money::from_raw(i128::from(third) * 1_234_567_890_123_456).unwrap());
    let event = match kind {
        0..=5 => Event::Open(Open {
            symbol,
            side: if long { Side::Long } else { Side::Short },
            size: size(if at == 3 { first * 200 } else { first / 5 * 5 }),
            price: price(level),
            time,
            stop_loss: None,
            take_profit: None,
            fee,
            tag: "",
            position_id: None,
            protection: Protection::NONE,
        }),
        6 | 7 => {
            let part = long.then(|| size(first / 5 * 5));
            let position_id = id(at);
            let held = ledger.positions().find(position_id).map_or(0, |(_, held)| held.symbol);
            let price = price(near(usize::try_from(held).unwrap().min(5), second));
            Event::Close(Close { position_id, price, time, size: part, fee, reason: "" })
        }
        8 => {
            let (position_id, other_id) = (id(at), id(at + 1));
            Event::CloseBy(CloseBy { position_id, other_id, time, size: None, fee })
        }
        9 => Event::Mark(marks),
        10 | 11 => Event::UpdateEquity(marks),
        12 => Event::Deposit(Cash { amount, time, currency: Some(one) }),
        13 => Event::Withdraw(Cash { amount, time, currency: Some(one) }),
        14 => {
            let rate = long.then(|| money(second));
            Event::Convert(Convert { amount, from: one, to: other, time, rate })
        }
        15 => night(symbol, time, first, third),
        16 => {
            let pay_time = long.then_some(time + third * HOUR);
            Event::Dividend(Dividend { symbol, amount: price(first), time, pay_time })
        }
        _ if third % 2 == 0 => {
            Event::Fee(Fee { amount: money(first), time, position_id: ids.first().copied() })
        }
        _ => {
            let [numerator, denominator] =
                [first % 4, third % 4].map(|it| u32::try_from(it).unwrap());
            Event::Split(Split { symbol, numerator, denominator, time })
        }
    };
    send(ledger, &event, mode)
}

/// A swap by hand, or the rollover of some day.
fn night(symbol: &str, time: i64, first: i64, third: i64) -> Event<'_> {
    if first % 2 == 0 {
        let (long, short) = (i128::from(first) * 1_000, -i128::from(third) * 77_777);
        let (kind, multiplier) = (SwapKind::Rate, 3);
        Event::ChargeSwap(ChargeSwap { symbol, time, kind, long, short, multiplier })
    } else {
        let midnight = time - time.rem_euclid(24 * HOUR);
        Event::Rollover(Rollover { symbol, time: midnight + 17 * HOUR })
    }
}

fn send(ledger: &mut Ledger, event: &Event<'_>, mode: Sent) -> Result<(), u32> {
    let code = |refusal: &portfolio_core::refusal::Refusal| refusal.code().number();
    let applied = match mode {
        Sent::Alone => ledger.apply(event),
        Sent::AfterAFullDisk => apply_after_a_full_disk(ledger, event),
        Sent::InABatch => {
            return ledger.apply_in_batch(event, None).map_err(|refused| code(&refused));
        }
    };
    applied.map(|_| ()).map_err(|refusal| code(&refusal))
}

fn ledger(netting: bool, cents: bool) -> Ledger {
    let mut ledger = Ledger::new(Configuration {
        mode: if netting { Mode::Netting } else { Mode::Hedging },
        rounding: if cents { Rounding::Cents } else { Rounding::Exact },
        margin_call: Some(150 * ONE9),
        leverage: 20 * ONE9,
        ..Configuration::new(money(10_000_000))
    })
    .unwrap();
    for instrument in instruments() {
        ledger.apply(&Event::RegisterInstrument(instrument)).unwrap();
    }
    let quotes = FIRST.map(|(symbol, bid, ask)| Quote { symbol, bid: price(bid), ask: price(ask) });
    ledger.apply(&Event::Mark(Marks { time: Some(HOUR), quotes: &quotes })).unwrap();
    ledger
}

/// How an event comes to the ledger.
#[derive(Debug, Clone, Copy)]
enum Sent {
    Alone,
    AfterAFullDisk,
    InABatch,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn every_account_keeps_its_invariants(
        steps in vec(step(), 1..80), netting: bool, cents: bool
    ) {
        let mut ledger = ledger(netting, cents);
        let mut accepted = 0;
        for step in &steps {
            let before = ledger.digest();
            match apply(&mut ledger, step, Sent::Alone) {
                Ok(()) => accepted += 1,
                Err(_) => prop_assert_eq!(ledger.digest(), before),
            }
        }
        prop_assume!(accepted > 0);
        prop_assert_eq!(ledger.verify(), Ok(()));
        prop_assert_eq!(ledger.verify_in_full(), Ok(()));
        ledger.attribution().unwrap();
        ledger.fill_table(portfolio_core::columns::schema::View::Exact).unwrap();
    }

    #[test]
    fn a_batch_is_taken_back_whole(
        first in vec(step(), 0..20), steps in vec(step(), 1..40), netting: bool, cents: bool
    ) {
        let mut ledger = ledger(netting, cents);
        for step in &first {
            let _ = apply(&mut ledger, step, Sent::Alone);
        }
        let before = ledger.digest();
        let size = BatchSize { events: steps.len(), ..BatchSize::default() };
        ledger.begin_batch(size).unwrap();
        for step in &steps {
            let _ = apply(&mut ledger, step, Sent::InABatch);
        }
        ledger.rewind_batch();
        prop_assert_eq!(ledger.digest(), before);
        for step in &steps {
            let _ = apply(&mut ledger, step, Sent::Alone);
        }
        prop_assert_eq!(ledger.verify(), Ok(()));
    }

    #[test]
    fn what_a_journal_does_not_take_has_not_happened(
        steps in vec(step(), 1..60), netting: bool, cents: bool
    ) {
        let mut ledger = ledger(netting, cents);
        for step in &steps {
            let _ = apply(&mut ledger, step, Sent::AfterAFullDisk);
        }
        prop_assert_eq!(ledger.verify(), Ok(()));
    }
}
