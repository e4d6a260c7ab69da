//! The application: limit orders that pass the risk checks, rest, and are filled by a simulated market or canceled.

use std::collections::HashMap;
use std::time::Duration;

use nexus_rt::connections::Connections;
use nexus_rt::timer::{TimerEvent, TimerKey};
use nexus_rt::{CallbackTemplate, Res, ResMut, TimerWheel, callback_blueprint};

use crate::message::Decimal;
use crate::protocol::{Link, Peer, Request};
use crate::session::{SessionId, Sessions, Utc, fields};

/// What a session may do.
pub(crate) struct Risk {
    pub(crate) quantity: Decimal,
    /// How far a price may be from the market's, in percent.
    pub(crate) collar: u64,
    pub(crate) open: usize,
}

/// The market, simulated: after a while, it trades any quantity at its price.
pub(crate) struct Market {
    pub(crate) prices: HashMap<&'static str, Decimal>,
    pub(crate) delay: Duration,
}

/// All orders of the day. The OrderID of one is its index.
#[derive(Default)]
pub(crate) struct Orders {
    all: Vec<Order>,
    books: HashMap<SessionId, Book>,
    reports: u64,
}

/// The orders of a session, by ClOrdID.
#[derive(Default)]
struct Book {
    numbers: HashMap<Box<str>, usize>,
    open: usize,
}

struct Order {
    session: SessionId,
    id: Box<str>,
    symbol: Box<str>,
    side: &'static str,
    quantity: Decimal,
    price: Decimal,
    /// The OrdStatus: `0` new, `2` filled, `4` canceled.
    status: &'static str,
    /// The price at which it was filled.
    traded: Decimal,
    /// The timer that fills it, if the market is at its price.
    fill: Option<TimerKey>,
}

/// An order that a message asks for.
#[derive(Clone, Copy)]
pub(crate) struct Ask<'m> {
    request: Request<'m>,
    side: &'static str,
    quantity: Decimal,
    price: Decimal,
}

/// A message that is refused, and why.
pub(crate) struct Refused<'m>(Request<'m>, &'static str);

type Passed<'m> = Result<Ask<'m>, Refused<'m>>;

impl<'m> Request<'m> {
    fn text(&self, tag: u32) -> &'m str {
        self.message.text(tag).unwrap_or_default()
    }
}

impl<'m> Ask<'m> {
    fn pass_if(self, passes: bool, otherwise: &'static str) -> Passed<'m> {
        if passes { Ok(self) } else { Err(Refused(self.request, otherwise)) }
    }
}

impl Orders {
    fn number(&self, session: SessionId, id: &str) -> Option<usize> {
        self.books.get(&session)?.numbers.get(id).copied()
    }

    /// Ends an open order.
    fn close(&mut self, number: usize, status: &'static str) -> &mut Order {
        let order = &mut self.all[number];
        order.status = status;
        self.books.entry(order.session).or_default().open -= 1;
        order
    }

    /// Reports what has become of an order. `event` is the ExecType, and `id` the ClOrdID of who asked for it.
    fn report(&mut self, sessions: &mut Sessions, out: &mut Vec<u8>, number: usize, event: &str, id: Option<&str>) {
        self.reports += 1;
        let (order, zero, time) = (&self.all[number], Decimal::default(), Utc(sessions.clock.unix()));
        let filled = if order.status == "2" { order.quantity } else { zero };
        let leaves = if order.status == "0" { order.quantity } else { zero };
        let fields = fields! {
            37 => number, 17 => self.reports, 150 => event, 39 => order.status, 60 => time, 55 => order.symbol,
            54 => order.side, 38 => order.quantity, 44 => order.price, 32 => filled, 31 => order.traded,
            151 => leaves, 14 => filled, 6 => order.traded, 11 => id.unwrap_or(&order.id), 41 => order.id,
        };
        sessions.send(order.session, out, "8", &fields[..if id.is_some() { 16 } else { 15 }]);
    }
}

pub(crate) fn read(request: Request<'_>) -> Passed<'_> {
    let decimal = |tag| request.text(tag).parse().ok();
    let side = if request.text(54) == "1" { "1" } else { "2" };
    match (request.text(40), request.text(54), decimal(38), decimal(44)) {
        ("2", "1" | "2", Some(quantity), Some(price)) => Ok(Ask { request, side, quantity, price }),
        _ => Err(Refused(request, "only limit orders to buy or sell, with at most four decimals")),
    }
}

pub(crate) fn is_new<'m>(orders: Res<Orders>, ask: Ask<'m>) -> Passed<'m> {
    let known = orders.number(ask.request.session, ask.request.text(11));
    ask.pass_if(known.is_none(), "duplicate ClOrdID")
}

pub(crate) fn within_quantity<'m>(risk: Res<Risk>, ask: Ask<'m>) -> Passed<'m> {
    ask.pass_if((Decimal(1)..=risk.quantity).contains(&ask.quantity), "quantity outside the limits")
}

pub(crate) fn within_collar<'m>(risk: Res<Risk>, market: Res<Market>, ask: Ask<'m>) -> Passed<'m> {
    let Some(Decimal(price)) = market.prices.get(ask.request.text(55)) else {
        return ask.pass_if(false, "unknown symbol");
    };
    ask.pass_if(ask.price.0.abs_diff(*price) * 100 <= price * risk.collar, "price outside the collar")
}

pub(crate) fn within_open_orders<'m>(risk: Res<Risk>, orders: Res<Orders>, ask: Ask<'m>) -> Passed<'m> {
    let open = orders.books.get(&ask.request.session).map_or(0, |book| book.open);
    ask.pass_if(open < risk.open, "too many open orders")
}

pub(crate) fn refuse(client: &mut Peer, mut orders: ResMut<Orders>, mut sessions: Sessions, refused: Refused) {
    let Refused(request, why) = refused;
    orders.reports += 1;
    let fields = fields! {
        37 => "NONE", 17 => orders.reports, 150 => "8", 39 => "8", 11 => request.text(11), 55 => request.text(55),
        54 => request.text(54), 151 => 0, 14 => 0, 6 => 0, 58 => why,
    };
    sessions.send(request.session, client.out(), "8", &fields);
}

pub(crate) fn accept(
    client: &mut Peer,
    mut orders: ResMut<Orders>,
    mut sessions: Sessions,
    mut timers: ResMut<TimerWheel>,
    template: Res<CallbackTemplate<Fill>>,
    market: Res<Market>,
    ask: Ask,
) {
    let Ask { request, side, quantity, price } = ask;
    let (session, id, symbol) = (request.session, request.text(11), request.text(55));
    let (number, due) = (orders.all.len(), sessions.clock.now() + market.delay);
    let at_market = |market: &&Decimal| if side == "1" { price >= **market } else { price <= **market };
    let fill = market.prices.get(symbol).filter(at_market);
    let fill = fill.map(|_| timers.schedule(due, Box::new(template.generate(number))));
    let book = orders.books.entry(session).or_default();
    book.numbers.insert(id.into(), number);
    book.open += 1;
    let (id, symbol, status, traded) = (id.into(), symbol.into(), "0", Decimal::default());
    orders.all.push(Order { session, id, symbol, side, quantity, price, status, traded, fill });
    orders.report(&mut sessions, client.out(), number, "0", None);
}

callback_blueprint!(
    /// The market trades the order with this number.
    pub(crate) Fill,
    Context = usize,
    Event = TimerEvent,
    Params = (ResMut<'static, Orders>, Sessions<'static>, Res<'static, Market>, ResMut<'static, Connections<Link>>),
);

pub(crate) fn on_fill(
    &mut number: &mut usize,
    mut orders: ResMut<Orders>,
    mut sessions: Sessions,
    market: Res<Market>,
    mut connections: ResMut<Connections<Link>>,
    _: TimerEvent,
) {
    let order = orders.close(number, "2");
    order.traded = market.prices.get(&*order.symbol).copied().unwrap_or(order.price);
    let client = sessions.all[order.session].connection.and_then(|id| connections.client_mut(id));
    let mut nowhere = Vec::new();
    orders.report(&mut sessions, client.map_or(&mut nowhere, Peer::out), number, "F", None);
}

/// Finds the order that is to be canceled.
pub(crate) fn find<'m>(orders: Res<Orders>, request: Request<'m>) -> Result<(usize, Request<'m>), Refused<'m>> {
    let number = orders.number(request.session, request.text(41)).ok_or(Refused(request, "unknown order"))?;
    match orders.all[number].status {
        "0" => Ok((number, request)),
        _ => Err(Refused(request, "too late to cancel")),
    }
}

pub(crate) fn cancel(
    client: &mut Peer,
    mut orders: ResMut<Orders>,
    mut sessions: Sessions,
    mut timers: ResMut<TimerWheel>,
    (number, request): (usize, Request),
) {
    if let Some(fill) = orders.close(number, "4").fill {
        timers.cancel(fill);
    }
    orders.report(&mut sessions, client.out(), number, "4", Some(request.text(11)));
}

pub(crate) fn refuse_cancel(client: &mut Peer, orders: Res<Orders>, mut sessions: Sessions, refused: Refused) {
    let Refused(request, why) = refused;
    let known = orders.number(request.session, request.text(41));
    let number = known.map_or("NONE".into(), |number| number.to_string());
    let (status, reason) = known.map_or(("8", 1), |number| (orders.all[number].status, 0));
    let fields = fields! {
        37 => number, 11 => request.text(11), 41 => request.text(41), 39 => status, 434 => 1, 102 => reason, 58 => why,
    };
    sessions.send(request.session, client.out(), "9", &fields);
}
