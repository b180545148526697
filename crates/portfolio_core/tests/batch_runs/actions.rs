//! What each action does (rule R8), and what a run overrides (rule R3).

use portfolio_core::batch::Fill;
use portfolio_core::ledger::Mode;
use portfolio_core::numbers::Money;

use crate::made::Made;
use crate::shown::shown;

const BARS: &str = "
    time symbol open high low close
    10   A      100  100  100 100
    10   B      50   50   50  50
    20   A      110  110  110 110
    20   B      55   55   55  55
    30   A      120  120  120 120
    30   B      60   60   60  60
    40   A      130  130  130 130
    40   B      65   65   65  65
";

const FILLS: &str = "symbol side entry_time exit_time tag reason";

#[test]
fn a_close_means_the_side_and_the_tag_that_it_says() {
    let orders = "
        time symbol action side  size tag
        10   A      open   long  1    a
        10   A      open   long  1    a_tag_of_more_than_twelve_bytes
        10   A      open   short 1    a
        10   B      open   long  1    a
        20   A      close  long  -    a
        21   A      close  -     -    a_tag_of_more_than_twelve_bytes
        30   A      close  -     -    -
        31   A      close  -     -    -
    ";
    let tables = Made::new(BARS, orders).tables();
    assert_eq!(
        shown(&tables.trades, FILLS),
        [
            "A long 20 30 a time_exit",
            "A long 20 30 a_tag_of_more_than_twelve_bytes time_exit",
            "A short 20 40 a time_exit",
        ]
    );
    assert_eq!(shown(&tables.finals, "open_count"), ["1"]);
    assert_eq!(tables.rejected.rows, 0);
}

#[test]
fn a_part_is_closed_in_a_netting_account_alone() {
    let orders = "
        time symbol action side  size tag
        10   A      open   long  5    a
        20   A      close  -     2    a
        21   A      close  short 1    -
        21   A      close  -     1    b
        30   A      close  -     9    -
        31   B      close  -     9    -
    ";
    let made = Made::new(BARS, orders).with(|settings| settings.configuration.mode = Mode::Netting);
    let tables = made.tables();
    let trades = shown(&tables.trades, "side size exit_time exit_price reason");
    assert_eq!(trades, ["long 2 30 120 reduce", "long 3 40 130 reduce"]);
    assert_eq!(tables.rejected.rows, 0);
    let tables = Made::new(BARS, orders).tables();
    let rejected = shown(&tables.rejected, "row action error argument");
    assert_eq!(rejected.len(), 5);
    assert!(rejected.iter().all(|line| line.ends_with("close InvalidArgument size")));
}

#[test]
fn if_flat_opens_nothing_beside_what_stays() {
    let orders = "
        time symbol action side  size if_flat type  price
        10   A      open   long  1    true    -     -
        11   A      open   long  2    true    -     -
        12   B      open   long  3    true    limit 1
        13   B      open   long  4    true    -     -
        25   A      open   short 5    true    -     -
        26   A      close  -     -    -       -     -
        27   A      open   short 6    true    -     -
        28   A      open   short 7    false   -     -
    ";
    // While 11 waits a market order rests; a limit at B is none; at 26 what is open is to go.
    let tables = Made::new(BARS, orders).tables();
    assert_eq!(shown(&tables.finals, "open_count order_count"), ["3 1"]);
    let ledger = Made::new(BARS, orders).batch().ledger(0).unwrap().unwrap();
    let sizes: Vec<String> =
        ledger.positions().rows().iter().map(|held| held.size.to_string()).collect();
    // What was closed has left its row to the last one of that moment.
    assert_eq!(sizes, ["4", "6", "7"]);
    let made = Made::new(BARS, orders).with(|settings| settings.fill = Fill::Close);
    let tables = made.tables();
    assert_eq!(shown(&tables.rejected, "row"), Vec::<String>::new());
}

#[test]
fn an_exit_time_of_its_own_is_one_that_may_be_over() {
    let orders = "
        time symbol action side size if_flat exit_time
        10   A      open   long 1    -       30
        20   A      open   long 2    true    -
        29   A      open   long 3    true    -
        30   A      open   long 4    true    -
    ";
    let tables = Made::new(BARS, orders).tables();
    let trades = shown(&tables.trades, "size exit_time");
    assert_eq!(trades, ["1 30"]);
    assert_eq!(shown(&tables.finals, "open_count equity"), ["1 10010"]);
}

#[test]
fn a_cancel_means_the_side_and_the_tag_that_it_says() {
    let orders = "
        time symbol action side  size tag type   price
        10   A      open   long  1    a   limit  10
        10   A      open   short 1    a   limit  1000
        10   A      open   long  1    b   stop   1000
        10   B      open   long  1    a   limit  10
        20   A      cancel long  -    a   -      -
        21   A      open   long  1    b   market -
        22   A      cancel -     -    b   -      -
        23   B      cancel short -    -   -      -
    ";
    let made = Made::new(BARS, orders);
    let ledger = made.batch().ledger(0).unwrap().unwrap();
    let table = ledger.orders(portfolio_core::columns::schema::View::Exact).unwrap();
    assert_eq!(shown(&table, "order_id symbol side"), ["2 A short", "4 B long"]);
    assert_eq!(shown(&made.tables().finals, "open_count order_count"), ["0 2"]);
    assert_eq!(made.tables().rejected.rows, 0);
}

#[test]
fn parameters_override_rows_and_settings() {
    let orders = "
        time symbol action side  size stop_loss tag
        10   A      open   long  1    90        a
        10   B      open   long  2    -         b
        30   A      close  -     -    -         a
    ";
    let params = "
        run_id size size_rule side  stop_loss_distance take_profit initial_balance label
        5      -    -         -     -                  -           -               one
        3      3    -         short 30                 -           500             two
        4      1000 value     -     -                  0           -               -
    ";
    let settings = "
        run_id mode    leverage fill
        5      -       -        -
        3      netting 10       -
        4      -       -        close
    ";
    let made = Made::new(BARS, orders).with_params(params).with_more_params(settings);
    let tables = made.tables();
    let finals = shown(&tables.finals, "run_id trade_count open_count balance");
    // A: 110 to 130, or 1000 / 100 of them from 100 to 120 at closes. A short of 3 has its stop at
    // 110 + 30 and loses 60.
    assert_eq!(finals, ["5 1 1 10020", "3 1 1 440", "4 1 1 10200"]);
    let trades = shown(&tables.trades, "run_id side size entry_price stop_loss exit_price");
    assert_eq!(trades, ["5 long 1 110 90 130", "3 short 3 110 140 130", "4 long 10 100 90 120"]);
    let batch = made.batch();
    assert_eq!((batch.place_of(3), batch.place_of(7), batch.run_id(2)), (Some(1), None, Some(4)));
    let run = batch.run(1).unwrap();
    assert_eq!(run.configuration.initial_balance, Money::parse("500").unwrap());
    assert_eq!((run.len(), run.configuration.mode), (3, Mode::Netting));
}

#[test]
fn runs_are_those_of_the_orders_or_of_the_parameters() {
    let orders = "
        run_id time symbol action side size
        9      10   A      open   long 1
        2      10   A      open   long 2
        9      10   B      open   long 3
    ";
    let ids = |made: &Made| -> Vec<u32> {
        let batch = made.batch();
        (0..batch.len()).map(|place| batch.run_id(place).unwrap()).collect()
    };
    assert_eq!(ids(&Made::new(BARS, orders)), [2, 9]);
    let with = |params: &str| Made::new(BARS, orders).with_params(params);
    assert_eq!(ids(&with("run_id\n9\n2")), [9, 2]);
    let error = |params: &str| {
        let error = with(params).try_batch().unwrap_err();
        format!("{} {} {}", error.frame, error.place(), error.code.number())
    };
    assert_eq!(error("run_id\n9\n2\n3"), "params row 2, column run_id: 3 4030");
    assert_eq!(error("run_id\n2"), "orders row 0, column run_id: 9 4030");
    assert_eq!(error("run_id leverage\n2 -1\n9 -"), "params row 0, column leverage: -1 4020");
    let stop_out = "run_id stop_out margin_call\n2 100 -\n9 50 40";
    assert_eq!(error(stop_out), "params row 1, column stop_out: 50 4020");
    let none = Made::new(BARS, "run_id time symbol action side size");
    assert_eq!(none.batch().len(), 0);
    assert_eq!(none.tables().finals.rows, 0);
    let idle = Made::new(BARS, "time symbol action side size");
    assert_eq!(shown(&idle.tables().finals, "run_id equity"), ["0 10000"]);
}
