//! What bars make of the account (SPEC sections 15 and 18): stop-outs, netting fills, several
//! symbols, and what is taken back.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod cells;
#[expect(dead_code, reason = "each test uses its part")]
mod example;
#[expect(dead_code, reason = "each test uses its part")]
mod market;

use example::{money, name, price, quote, refuse, size};
use market::{
    account, activity, after, apply, balance, bar, configuration, fill, guarded, held, ledger,
    limit, order, place, run, run_spread, stop, target, trades, trailing,
};
use portfolio_core::columns::schema::View;
use portfolio_core::event::{Bar, Bars, Event, Marks, Open, Path, PlaceOrder, Protection, Side};
use portfolio_core::ledger::{BatchSize, Configuration, Ledger, Mode};
use portfolio_core::numbers::Price;

const PATHS: [Path; 4] = [Path::Pessimistic, Path::Optimistic, Path::Ohlc, Path::Olhc];
const LONG: Side = Side::Long;
const SHORT: Side = Side::Short;

/// 1,000 and 50 units at 100 with leverage 10: equity is 1,000 + 50 (p - 100), margin 500.
fn leveraged(side: Side, stop_out: &str, margin_call: &str) -> Ledger {
    let percent = |text: &str| (!text.is_empty()).then(|| price(text).raw());
    let mut ledger = ledger(Configuration {
        initial_balance: money("1000"),
        stop_out: percent(stop_out),
        margin_call: percent(margin_call),
        ..configuration()
    });
    apply(&mut ledger, &Event::Open(Open { size: size("50"), ..fill(side, "", "") }));
    ledger
}

#[test]
fn a_stop_out_is_at_the_first_price_below() {
    for path in PATHS {
        // Below when equity < 250: 85 is not, 84.99 is.
        let mut ledger = leveraged(LONG, "50", "");
        run(&mut ledger, 20, path, "100 101 85 90");
        assert!(trades(&ledger).is_empty());
        run(&mut ledger, 30, path, "100 101 80 90");
        assert_eq!(trades(&ledger), ["1 50 84.99 stop_out"]);
        assert_eq!(activity(&ledger), ["stop_out 0 1 50 84.99"]);
        assert_eq!(balance(&ledger), money("249.5"));
        assert_eq!(ledger.book("ACME").unwrap().bid, price("90"));
        let mut ledger = leveraged(LONG, "50", "");
        run(&mut ledger, 20, path, "80 101 79 90");
        assert_eq!(trades(&ledger), ["1 50 80 stop_out"], "below at the open");
        // A short at the ask: equity is 1,000 + 50 (100 - p - 1), below from a bid of 114.01 on.
        let mut ledger = leveraged(SHORT, "50", "");
        run_spread(&mut ledger, 20, path, ("100 120 99 100", "1"));
        assert_eq!(trades(&ledger), ["1 50 115.01 stop_out"]);
        ledger.verify().unwrap();
    }
}

#[test]
fn a_stop_out_takes_the_worst_position_and_asks_again() {
    // Longs of 25 at 100 and of 25 at 90: equity is 1,000 + 25 (2p - 190), margin 475 and then 225.
    let mut account = leveraged(LONG, "50", "100");
    let close = portfolio_core::event::Close { size: Some(size("25")), ..example::close() };
    apply(&mut account, &Event::Close(close));
    let more = Open { size: size("25"), price: price("90"), ..fill(LONG, "", "") };
    apply(&mut account, &Event::Open(more));
    // Below 237.5 from 79.74 on (1,000 + 25 * -30.52 = 237); 25 * -20.26 = -506.5 are realized.
    // Then 1,000 - 506.5 + 25 (p - 90) < 112.5 from 74.75 on.
    run(&mut account, 20, Path::Pessimistic, "100 101 70 72");
    let trades = trades(&account);
    assert_eq!(trades[1..], ["1 25 79.74 stop_out", "2 25 74.75 stop_out"]);
    assert_eq!(balance(&account), money("112.25"));
    account.verify().unwrap();
}

#[test]
fn without_a_bar_the_marks_decide() {
    let mut ledger = leveraged(LONG, "50", "100");
    apply(
        &mut ledger,
        &Event::Mark(Marks { time: Some(11), quotes: &[quote("ACME", "80", "81")] }),
    );
    assert_eq!(activity(&ledger), ["margin_call 0 0 0 0"]);
    let bars = &[bar("BETA", "100 100 100 100", "0")];
    apply(&mut ledger, &Event::Bar(Bars { time: 20, path: None, bars }));
    assert_eq!(trades(&ledger), ["1 50 80 stop_out"]);
    let mut ledger = leveraged(LONG, "50", "100");
    let quotes = &[quote("ACME", "84", "85")];
    apply(&mut ledger, &Event::Quotes(Marks { time: Some(20), quotes }));
    assert_eq!(trades(&ledger), ["1 50 84 stop_out"]);
    ledger.verify().unwrap();
}

#[test]
fn a_margin_call_is_noted_once() {
    // Below 100 percent when equity < 500: from 89.99 on.
    let mut ledger = leveraged(LONG, "", "100");
    for (time, prices, count) in [
        (20, "90 90 89 90", 0),
        (30, "89 89 89 89", 1),
        (40, "88 88 88 88", 1),
        (50, "95 95 95 95", 1),
        (60, "89 89 89 89", 2),
    ] {
        run(&mut ledger, time, Path::Pessimistic, prices);
        assert_eq!(activity(&ledger), vec!["margin_call 0 0 0 0"; count], "{time}");
    }
    ledger.verify().unwrap();
}

#[test]
fn fills_of_a_netting_account() {
    for path in PATHS {
        let netting = Configuration { mode: Mode::Netting, ..configuration() };
        let mut ledger = ledger(netting);
        let guarded = PlaceOrder {
            stop_loss: Some(price("90")),
            take_profit: Some(price("120")),
            ..order(LONG, limit("98"))
        };
        place(&mut ledger, &guarded);
        run(&mut ledger, 20, path, "100 100 98 98");
        place(
            &mut ledger,
            &PlaceOrder {
                stop_loss: Some(price("95")),
                take_profit: None,
                time: 20,
                ..order(LONG, limit("96"))
            },
        );
        run(&mut ledger, 30, path, "98 98 96 96");
        assert_eq!(held(&ledger), ["1 4 97 95 120"], "increased, with the new stop");
        place(&mut ledger, &PlaceOrder { size: size("1"), time: 30, ..order(SHORT, limit("97")) });
        run(&mut ledger, 40, path, "96 97 96 96");
        assert_eq!(held(&ledger), ["1 3 97 95 120"]);
        assert_eq!(trades(&ledger), ["1 1 97 reduce"]);
        place(&mut ledger, &PlaceOrder { size: size("5"), time: 40, ..order(SHORT, limit("98")) });
        run(&mut ledger, 50, path, "96 98 96 96");
        assert_eq!(held(&ledger), ["2 2 98 0 0"]);
        assert_eq!(trades(&ledger)[1..], ["1 3 98 flip"]);
        let filled: Vec<String> =
            activity(&ledger).into_iter().filter(|line| line.starts_with('f')).collect();
        assert_eq!(
            filled,
            ["filled 1 1 2 98", "filled 2 1 2 96", "filled 3 1 1 97", "filled 4 2 5 98"]
        );
        ledger.verify().unwrap();
    }
}

#[test]
fn a_netting_increase_may_be_stopped_in_its_bar() {
    let netting = Configuration { mode: Mode::Netting, ..configuration() };
    let mut ledger = ledger(netting);
    apply(&mut ledger, &Event::Open(fill(LONG, "", "")));
    place(&mut ledger, &PlaceOrder { stop_loss: Some(price("96")), ..order(LONG, limit("98")) });
    run(&mut ledger, 20, Path::Pessimistic, "100 100 95 95");
    assert_eq!(trades(&ledger), ["1 4 96 stop_loss"]);
    ledger.verify().unwrap();
}

#[test]
fn several_symbols_take_each_step_together() {
    let mut ledger = account();
    for symbol in ["ACME", "BETA"] {
        apply(&mut ledger, &Event::Open(Open { symbol, ..fill(LONG, "95", "") }));
        place(&mut ledger, &PlaceOrder { symbol, ..order(LONG, limit("96")) });
    }
    let bars = [bar("BETA", "100 100 94 100", "0"), bar("ACME", "100 100 94 99", "0")];
    apply(&mut ledger, &Event::Bar(Bars { time: 20, path: None, bars: &bars }));
    assert_eq!(trades(&ledger), ["2 2 95 stop_loss", "1 2 95 stop_loss"]);
    assert_eq!(activity(&ledger)[2..], ["filled 2 3 2 96", "filled 1 4 2 96"]);
    let equity = ledger.equity_curve(View::Exact).unwrap();
    assert_eq!(market::rows(&equity, &["time", "unrealized_pnl"]), ["20 14"]);
    apply(&mut ledger, &Event::Bar(Bars { time: 30, path: None, bars: &[] }));
    assert_eq!(ledger.equity_curve(View::Exact).unwrap().rows, 2);
    ledger.verify().unwrap();
}

#[test]
fn quotes_are_bars_of_one_price() {
    let mut ledger = account();
    apply(&mut ledger, &Event::Open(guarded(LONG, trailing("2"))));
    apply(&mut ledger, &Event::Open(fill(SHORT, "", "95")));
    place(&mut ledger, &order(LONG, stop("104")));
    let mut tick = |time, bid: &str, ask: &str| {
        let quotes = &[quote("ACME", bid, ask)];
        apply(&mut ledger, &Event::Quotes(Marks { time: Some(time), quotes }));
    };
    tick(20, "103", "104");
    tick(20, "102.50", "103");
    tick(30, "101", "102");
    tick(30, "94", "95");
    assert_eq!(activity(&ledger)[1..], ["filled 1 3 2 104"]);
    assert_eq!(trades(&ledger), ["1 2 101 trailing_stop", "2 2 95 take_profit"]);
    ledger.verify().unwrap();
}

#[test]
fn excursions_see_the_extremes_of_a_bar_that_was_survived() {
    let seen = |ledger: &Ledger| {
        market::rows(&ledger.trades(View::Exact).unwrap(), &["position_id", "mae", "mfe"])
    };
    for path in PATHS {
        let mut ledger = after(&[fill(LONG, "90", "")], path, ("100 107 95 101", "0"));
        place(&mut ledger, &PlaceOrder { time: 20, ..order(LONG, limit("99")) });
        run(&mut ledger, 30, path, "101 106 89 104");
        // The first one did not survive: its extremes are those of the bar before, and its exit.
        assert_eq!(seen(&ledger), ["1 -20 14"], "{path:?}");
        run(&mut ledger, 40, path, "103 105 102 103");
        let close = portfolio_core::event::Close {
            position_id: 2,
            time: 40,
            price: price("103"),
            ..example::close()
        };
        apply(&mut ledger, &Event::Close(close));
        assert_eq!(seen(&ledger)[1..], ["2 0 12"], "not the extremes of its own bar: {path:?}");
        ledger.verify().unwrap();
    }
}

#[test]
fn bars_that_cannot_be_change_nothing() {
    let mut ledger = account();
    apply(&mut ledger, &Event::Open(fill(LONG, "95", "")));
    run(&mut ledger, 20, Path::Pessimistic, "100 100 100 100");
    let good = bar("ACME", "100 102 98 101", "0.50");
    let beta = bar("BETA", "100 102 98 101", "0.50");
    let cases = [
        (good, 19, "TimeRunsBackwards time"),
        (Bar { symbol: " ", ..good }, 30, "SymbolNotAllowed symbol"),
        (Bar { symbol: "BETA", ..good }, 30, "SymbolTwice symbol"),
        (good, 20, "BarNotLater time"),
        (Bar { open: Price::ZERO, ..good }, 30, "PriceMustBePositive open"),
        (Bar { high: price("102.001"), ..good }, 30, "PriceOffGrid high"),
        (Bar { low: Price::ZERO, ..good }, 30, "PriceMustBePositive low"),
        (Bar { close: price("0.001"), ..good }, 30, "PriceOffGrid close"),
        (Bar { spread: price("-1"), ..good }, 30, "PriceNegative spread"),
        (Bar { spread: price("0.001"), ..good }, 30, "PriceOffGrid spread"),
        (Bar { low: price("101"), high: price("99"), ..good }, 30, "BarNotAllowed low"),
        (Bar { high: price("100.50"), ..good }, 30, "BarNotAllowed high"),
    ];
    for (wrong, time, answer) in cases {
        let bars = &[beta, wrong];
        let refusal = refuse(&mut ledger, &Event::Bar(Bars { time, path: None, bars }));
        assert_eq!(format!("{} {}", name(&refusal), refusal.argument()), answer);
    }
    let bars = &[Bar { symbol: "NEW", ..good }, Bar { high: price("1"), ..good }];
    refuse(&mut ledger, &Event::Bar(Bars { time: 30, path: None, bars }));
    assert!(ledger.symbol_index("NEW").is_none());
    let quotes = &[quote("ACME", "2", "1")];
    let crossed = refuse(&mut ledger, &Event::Quotes(Marks { time: Some(30), quotes }));
    assert_eq!((name(&crossed).as_str(), crossed.argument()), ("QuoteCrossed", "quotes"));
    ledger.verify().unwrap();
}

/// A ledger with everything that a bar can change.
fn busy() -> Ledger {
    let mut ledger = account();
    let targets = &[target("104", "0.5"), target("102", "1")];
    let protection = Protection { targets, ..trailing("3") };
    apply(&mut ledger, &Event::Open(Open { protection, ..fill(LONG, "", "") }));
    apply(&mut ledger, &Event::Open(fill(SHORT, "103", "95")));
    place(&mut ledger, &PlaceOrder { oco: "pair", ..order(LONG, limit("98")) });
    place(&mut ledger, &PlaceOrder { oco: "pair", expiry: Some(20), ..order(SHORT, limit("105")) });
    place(&mut ledger, &PlaceOrder { protection, expiry: Some(11), ..order(LONG, limit("99")) });
    place(&mut ledger, &PlaceOrder { protection, ..order(LONG, limit("99.50")) });
    ledger
}

#[test]
fn a_refusal_in_the_middle_takes_everything_back() {
    for path in PATHS {
        let mut ledger = busy();
        let huge = size("1000000000000000000000");
        let broken = place(&mut ledger, &PlaceOrder { size: huge, ..order(LONG, limit("97")) });
        let bars = &[bar("ACME", "100 106 94 101", "0"), bar("NEW", "1 1 1 1", "0")];
        let event = Event::Bar(Bars { time: 20, path: Some(path), bars });
        let before = (held(&ledger), trades(&ledger), activity(&ledger), ledger.ambiguous_count());
        let refusal = refuse(&mut ledger, &event);
        assert_eq!((refusal.code().number(), refusal.argument()), (4010, "bars"));
        refuse(&mut ledger, &event);
        let now = (held(&ledger), trades(&ledger), activity(&ledger), ledger.ambiguous_count());
        assert_eq!(now, before);
        let cancel = portfolio_core::event::CancelOrder { order_id: broken, time: 20 };
        apply(&mut ledger, &Event::CancelOrder(cancel));
        let mut other = busy();
        place(&mut other, &PlaceOrder { size: huge, ..order(LONG, limit("97")) });
        apply(&mut other, &Event::CancelOrder(cancel));
        for ledger in [&mut ledger, &mut other] {
            apply(ledger, &event);
            run(ledger, 30, path, "101 107 93 100");
        }
        assert_eq!(ledger.digest(), other.digest(), "the index is what it was, too");
        assert_eq!(trades(&ledger), trades(&other));
        ledger.verify().unwrap();
    }
}

#[test]
fn a_batch_takes_bars_back() {
    for path in PATHS {
        let mut ledger = busy();
        let digest = ledger.digest();
        let bars = &[bar("ACME", "100 106 94 101", "0")];
        let event = Event::Bar(Bars { time: 20, path: Some(path), bars });
        let last = Event::Bar(Bars { time: 30, path: Some(path), bars });
        let late = PlaceOrder { time: 20, ..order(LONG, limit("90")) };
        let huge = PlaceOrder { size: size("1000000000000000000000"), kind: limit("96"), ..late };
        ledger.begin_batch(BatchSize::default()).unwrap();
        ledger.apply_in_batch(&event, None).unwrap();
        ledger.apply_in_batch(&Event::PlaceOrder(huge), None).unwrap();
        ledger.apply_in_batch(&last, None).unwrap_err();
        ledger.rewind_batch();
        assert_eq!(ledger.digest(), digest);
        ledger.begin_batch(BatchSize::default()).unwrap();
        ledger.apply_in_batch(&event, None).unwrap();
        ledger.apply_in_batch(&Event::PlaceOrder(late), None).unwrap();
        ledger.apply_in_batch(&last, None).unwrap();
        ledger.commit_batch().unwrap();
        ledger.verify().unwrap();
        let mut other = busy();
        apply(&mut other, &event);
        place(&mut other, &late);
        apply(&mut other, &last);
        assert_eq!(ledger.digest(), other.digest());
    }
}
