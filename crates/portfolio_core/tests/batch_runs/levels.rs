//! Where levels are, and how large orders are (rules R6 and R7).

use portfolio_core::batch::Fill;
use portfolio_core::currency::Currency;
use portfolio_core::ledger::Mode;
use portfolio_core::numbers::Contract;
use portfolio_core::terms::Terms;

use crate::made::Made;
use crate::shown::shown;

/// A market that does not move, with a spread of 1.
const STILL: &str = "
    time open high low close spread
    10   200  200  200 200   1
    20   200  200  200 200   1
    30   200  200  200 200   1
";

/// The levels of what is open in the end.
fn open_levels(made: &Made) -> Vec<String> {
    let ledger = made.batch().ledger(0).unwrap().unwrap();
    let line = |held: &portfolio_core::positions::Position| {
        format!("{} {} {} {}", held.side.name(), held.entry_price, held.stop_loss, held.take_profit)
    };
    ledger.positions().rows().iter().map(line).collect()
}

#[test]
fn distances_and_rates_are_measured_from_the_fill() {
    let orders = "
        time action side  size stop_loss_distance take_profit_distance
        10   open   long  1    5                  10
        10   open   short 1    5                  10
    ";
    let made = Made::new(STILL, orders);
    let levels = ["long 201 196 211", "short 200 205 190"];
    assert_eq!(open_levels(&made), levels);
    assert_eq!(open_levels(&made.with(|settings| settings.fill = Fill::Close)), levels);
    let orders = "
        time action side  size stop_loss_rate take_profit_rate
        10   open   long  1    0.1            0.05
        10   open   short 1    0.1            0.05
    ";
    let levels = ["long 201 180.9 211.05", "short 200 220 190"];
    assert_eq!(open_levels(&Made::new(STILL, orders)), levels);
}

#[test]
fn of_a_resting_order_from_its_price() {
    let orders = "
        time action side  type  price size stop_loss_distance take_profit_rate
        10   open   long  limit 150   1    5                  0.1
        10   open   short stop  150   1    5                  0.1
    ";
    let bars = "
        time open high low close
        10   200  200  200 200
        20   200  200  200 200
        30   150  150  150 150
    ";
    assert_eq!(open_levels(&Made::new(bars, orders)), ["long 150 145 165", "short 150 155 135"]);
}

#[test]
fn a_rate_is_rounded_half_even_to_the_tick() {
    let orders = "
        time action side size stop_loss_rate
        10   open   long 1    0.0025
        10   open   long 1    0.0075
        10   open   long 1    0.0076
    ";
    // Of 200: 0.5, 1.5 and 1.52, where a tick is 1 and the anchor is 200 + 0.
    let bars = "
        time open high low close
        10   200  200  200 200
        20   200  200  200 200
    ";
    let made = Made::new(bars, orders).instrument(|instrument| instrument.price_decimals = 0);
    // 0.5 becomes 0, so the first stop is at the fill and is hit at once.
    assert_eq!(open_levels(&made), ["long 200 198 0", "long 200 198 0"]);
}

#[test]
fn a_row_that_says_a_level_twice_is_rejected() {
    let orders = "
        time action side  type   price size stop_loss stop_loss_rate trailing trailing_rate
        10   open   long  market -     1    190       0.1            -        -
        10   open   long  market -     1    -         -              5        0.1
        10   open   long  limit  -     1    -         -              -        -
        10   open   long  limit  -5    1    -         0.1            -        -
        10   modify -     -      -     -    190       0.1            -        -
        10   open   long  market -     1    0         0.1            -        -
    ";
    let tables = Made::new(STILL, orders).tables();
    assert_eq!(
        shown(&tables.rejected, "row action error argument"),
        [
            "0 open InvalidArgument stop_loss_rate",
            "1 open InvalidArgument trailing_rate",
            "2 open InvalidArgument price",
            "3 open InvalidPrice price",
            "4 modify InvalidArgument stop_loss_rate",
        ]
    );
    assert_eq!(shown(&tables.finals, "open_count"), ["1"]);
    let orders = "
        time action side size break_even break_even_offset
        10   open   long 1    -          1
        10   open   long 1    -          0
        10   modify -    -    0          1
        10   modify -    -    -          1
    ";
    let tables = Made::new(STILL, orders).tables();
    let rejected = shown(&tables.rejected, "row action error argument");
    let of = |row, action| format!("{row} {action} InvalidArgument break_even_offset");
    assert_eq!(rejected, [of(0, "open"), of(2, "modify"), of(3, "modify")]);
}

#[test]
fn a_modify_measures_from_the_mark_of_each_side() {
    let orders = "
        time action side  size stop_loss_distance take_profit_rate trailing_rate break_even
        10   open   long  1    -                  -                -             -
        10   open   short 1    -                  -                -             -
        20   modify -     -    10                 0.1              -             -
        25   modify long  -    -                  -                0.01          3
    ";
    let made = Made::new(STILL, orders);
    // The mark is (200, 201); 1 percent of the bid is nearer than 10.
    assert_eq!(open_levels(&made), ["long 201 198 220", "short 200 211 180.9"]);
}

#[test]
fn a_modify_leaves_removes_and_stops_at_the_first_refusal() {
    let orders = "
        time action side  size stop_loss take_profit
        10   open   long  1    150       250
        10   open   short 1    250       150
        10   open   long  1    140       250
        20   modify long  -    0         -
        22   modify -     -    180       -
    ";
    let made = Made::new(STILL, orders);
    assert_eq!(open_levels(&made), ["long 201 180 250", "short 200 250 150", "long 201 0 250"]);
    let rejected = shown(&made.tables().rejected, "row time error argument");
    assert_eq!(rejected, ["4 22 InvalidStopLoss stop_loss"]);
}

/// The sizes that some orders get, and what is rejected.
fn sized(made: &Made) -> (Vec<String>, Vec<String>) {
    let ledger = made.batch().ledger(0).unwrap().unwrap();
    let sizes = ledger.positions().rows().iter().map(|held| held.size.to_string()).collect();
    (sizes, shown(&made.tables().rejected, "row error argument"))
}

#[test]
fn sizes_of_money_and_of_shares_of_the_equity() {
    let orders = "
        time action side  size size_rule stop_loss_distance stop_loss
        10   open   long  1000 value     -                  -
        10   open   short 1000 value     -                  -
        10   open   long  0.1  equity    -                  -
        10   open   short 0.01 risk      5                  -
        10   open   long  0.01 risk      -                  191
        10   open   long  0.01 risk      -                  -
        10   open   long  0.01 risk      -                  201
        10   open   long  0.1  value     -                  -
    ";
    let made = Made::new(STILL, orders).instrument(|instrument| instrument.size_decimals = 2);
    let made = made.with(|settings| settings.configuration.leverage = 10_000_000_000);
    // 1000 / 201 and / 200, 1000 / 201, 100 / 5, 100 / 10: rounded down to a hundredth.
    let (sizes, rejected) = sized(&made);
    assert_eq!(sizes, ["4.97", "5", "4.97", "20", "10"]);
    assert_eq!(
        rejected,
        [
            "5 InvalidArgument size_rule",
            "6 InvalidArgument size_rule",
            "7 InvalidPositionSize size",
        ]
    );
}

#[test]
fn sizes_in_lots_of_a_contract() {
    let orders = "
        time action side size size_rule
        10   open   long 1    equity
    ";
    let made = Made::new(STILL, orders).instrument(|instrument| {
        instrument.contract = Contract::new(3_000_000_000).unwrap();
        instrument.size_decimals = 1;
        instrument.price_decimals = 0;
    });
    // 10000 / (201 * 3) = 16.58; a price of 0 decimals and a contract of 3.
    assert_eq!(sized(&made).0, ["16.5"]);
}

#[test]
fn sizes_at_the_rate_of_the_profit_currency() {
    let bars = "
        time symbol open high low close
        10   X      200  200  200 200
        10   EURUSD 1.1  1.1  1.1 1.1
        20   X      200  200  200 200
        20   EURUSD 1.1  1.1  1.1 1.1
    ";
    let orders = "
        time symbol action side size size_rule
        10   X      open   long 1100 value
    ";
    let eur = Currency::parse("EUR").unwrap();
    let made = |base| {
        let made = Made::new(bars, orders).instrument(|x| x.quote_currency = Some(eur));
        made.instrument(|pair| {
            pair.symbol = "EURUSD".to_owned();
            let terms = Terms { base_currency: base, ..Terms::default() };
            pair.terms = Some(Box::new(terms));
        })
    };
    // 1100 USD are 1000 EUR, which buy 5.
    assert_eq!(sized(&made(Some(eur))), (vec!["5".to_owned()], vec![]));
    assert_eq!(sized(&made(None)).1, ["0 MissingRate symbol"]);
}

#[test]
fn without_equity_and_of_an_inverse_instrument_there_are_units_alone() {
    let orders = "
        time action side size size_rule
        10   open   long 0.5  equity
        10   open   long 1    units
    ";
    let empty = Made::new(STILL, orders).with(|settings| {
        settings.configuration.initial_balance = portfolio_core::numbers::Money::ZERO;
    });
    assert_eq!(sized(&empty).1, ["0 InvalidArgument size_rule", "1 InsufficientMargin size"],);
    let inverse = Made::new(STILL, orders).instrument(|instrument| {
        let base = Currency::parse("USD");
        let terms = Terms { base_currency: base, inverse: true, ..Terms::default() };
        instrument.terms = Some(Box::new(terms));
        instrument.quote_currency = Currency::parse("EUR");
    });
    assert_eq!(
        sized(&inverse),
        (vec!["1".to_owned()], vec!["0 InvalidArgument size_rule".to_owned()])
    );
}

#[test]
fn a_target_by_weight_comes_to_what_is_missing() {
    let bars = "
        time open high low close spread
        10   100  100  100 100   2
        20   100  100  100 100   2
        30   110  110  110 110   2
        40   100  100  100 100   2
        50   100  100  100 100   2
        60   100  100  100 100   2
    ";
    let orders = "
        time action size size_rule tag
        10   target 0.5  equity    in
        20   target 0.5  equity    more
        30   target -2   units     over
        40   target -2   units     same
        50   target 0    value     out
    ";
    let netting = Made::new(bars, orders).with(|settings| {
        settings.configuration.mode = Mode::Netting;
    });
    let tables = netting.tables();
    // 5000 / 100 = 50 at the ask of 102: equity 9900. At 20 the next open is 110: 4950 / 110 = 45.
    let trades = shown(&tables.trades, "side size entry_price exit_price gross_pnl tag reason");
    assert_eq!(
        trades,
        [
            "long 5 102 110 40 in reduce",
            "long 45 102 100 -90 in flip",
            "short 2 100 102 -4 over reduce",
        ]
    );
    assert_eq!(tables.rejected.rows, 0);
    let at_risk = netting.with_params(
        "
        size_rule
        risk
    ",
    );
    let rejected = shown(&at_risk.tables().rejected, "row error argument");
    assert_eq!(rejected[0], "0 InvalidArgument size_rule");
    let hedging = Made::new(bars, orders).tables();
    let rejected = shown(&hedging.rejected, "row error argument");
    assert_eq!(rejected.len(), 5);
    assert!(rejected.iter().all(|line| line.ends_with("InvalidArgument action")), "{rejected:?}");
}
