//! The application: limit orders that pass the risk checks, rest, and are filled by a simulated market or canceled.

use std::collections::HashMap;
use std::time::Duration;

use nexus_rt::timer::{TimerEvent, TimerKey};
use nexus_rt::{CallbackTemplate, Res, ResMut, TimerWheel, callback_blueprint};

use super::message::{fields, utc};
use super::session::{Net, Peer, Request, SessionId, Sessions};

/// How long the market takes to trade an order.
const DELAY: Duration = Duration::from_millis(50);

/// Risk limits: the quantity of an order, its distance from the market price, and the number of open orders.
pub(crate) struct Risk {
    pub(crate) quantity: u64,
    pub(crate) collar: f64,
    pub(crate) open: usize,
}

/// The prices of the market. It trades any quantity.
pub(crate) struct Market(pub(crate) HashMap<&'static str, f64>);

/// A session, and the ClOrdID that it gave an order.
type Key = (SessionId, Box<str>);

/// All open orders, those that ended since their session last began anew, and the number of open orders per session.
#[derive(Default)]
pub(crate) struct Orders {
    all: HashMap<Key, Order>,
    open: HashMap<SessionId, usize>,
}

pub(crate) struct Order {
    key: Key,
    symbol: Box<str>,
    side: char,
    quantity: u64,
    price: f64,
    /// The market price when the order arrived, at which it is filled.
    market: f64,
    /// The timer that fills it, if it has one.
    fill: Option<TimerKey>,
    /// The OrdStatus: `0` new, `2` filled, `4` canceled, `8` rejected (also until the order is accepted).
    status: char,
}

/// An order, or a refused order and the reason.
type Checked = Result<Order, (Order, &'static str)>;

impl Orders {
    /// Ends an order, if it is open.
    fn close(&mut self, key: &Key, status: char) -> Option<&Order> {
        let order = self.all.get_mut(key).filter(|order| order.status == '0')?;
        order.status = status;
        *self.open.entry(key.0).or_default() -= 1;
        Some(order)
    }

    /// Forgets the ended orders of a session that begins anew. Their ClOrdIDs are free.
    pub(crate) fn forget_ended(&mut self, session: SessionId) {
        self.all.retain(|key, order| key.0 != session || order.status == '0');
    }
}

/// Sends an execution report for an order, with additional fields.
fn report(sessions: &mut Sessions, out: &mut Vec<u8>, order: &Order, more: &str) {
    let (session, time) = (&mut sessions.all[order.key.0], utc(sessions.clock.unix()));
    session.reports += 1;
    let id = format!("{}-{}", session.name, session.reports);
    let (event, leaves, filled, price) = match order.status {
        '0' => ('0', order.quantity, 0, 0.0),
        '2' => ('F', 0, order.quantity, order.market),
        status => (status, 0, 0, 0.0),
    };
    let body = fields! {
        37 => order.key.1, 17 => id, 150 => event, 39 => order.status, 60 => time, 55 => order.symbol, 54 => order.side,
        38 => order.quantity, 44 => order.price, 32 => filled, 31 => price, 151 => leaves, 14 => filled, 6 => price
    };
    sessions.send(order.key.0, out, "8", body + more);
}

fn pass_if(passes: bool, order: Order, otherwise: &'static str) -> Checked {
    if passes { Ok(order) } else { Err((order, otherwise)) }
}

/// Reads an order. A field that is not a number counts as 0, which is beyond the limits.
pub(crate) fn read((session, message): Request) -> Checked {
    let (key, symbol) = ((session, message.text(11).into()), message.text(55).into());
    let (side, quantity) = (message.text(54).parse().unwrap_or('?'), message.text(38).parse().unwrap_or(0));
    let price = message.text(44).parse().ok().filter(|price: &f64| price.is_finite()).unwrap_or(0.0);
    let order = Order { key, symbol, side, quantity, price, market: 0.0, fill: None, status: '8' };
    pass_if(message.text(40) == "2" && "12".contains(side), order, "only limit orders to buy or sell")
}

pub(crate) fn is_new(orders: Res<Orders>, order: Order) -> Checked {
    pass_if(!orders.all.contains_key(&order.key), order, "duplicate ClOrdID")
}

pub(crate) fn within_quantity(risk: Res<Risk>, order: Order) -> Checked {
    pass_if((1..=risk.quantity).contains(&order.quantity), order, "quantity outside the limits")
}

pub(crate) fn within_collar(risk: Res<Risk>, market: Res<Market>, mut order: Order) -> Checked {
    let Some(price) = market.0.get(&*order.symbol) else { return Err((order, "unknown symbol")) };
    order.market = *price;
    pass_if((order.price - price).abs() <= price * risk.collar, order, "price outside the collar")
}

pub(crate) fn within_open_orders(risk: Res<Risk>, orders: Res<Orders>, order: Order) -> Checked {
    let open = orders.open.get(&order.key.0).is_none_or(|open| *open < risk.open);
    pass_if(open, order, "too many open orders")
}

pub(crate) fn refuse(client: &mut Peer, mut sessions: Sessions, (order, why): (Order, &str)) {
    report(&mut sessions, client.out(), &order, &fields! { 11 => order.key.1, 58 => why });
}

pub(crate) fn accept(
    client: &mut Peer,
    mut orders: ResMut<Orders>,
    mut sessions: Sessions,
    mut timers: ResMut<TimerWheel>,
    fill: Res<CallbackTemplate<Fill>>,
    mut order: Order,
) {
    order.status = '0';
    let at_market = if order.side == '1' { order.price >= order.market } else { order.price <= order.market };
    if at_market {
        let fill = Box::new(fill.generate(order.key.clone()));
        order.fill = Some(timers.schedule(sessions.clock.now() + DELAY, fill));
    }
    report(&mut sessions, client.out(), &order, &fields! { 11 => order.key.1 });
    *orders.open.entry(order.key.0).or_default() += 1;
    orders.all.insert(order.key.clone(), order);
}

callback_blueprint!(
    /// The market trades an order.
    pub(crate) Fill, Context = Key, Event = TimerEvent,
    Params = (ResMut<'static, Orders>, Sessions<'static>, ResMut<'static, Net>)
);

/// Fills an order that was not canceled, even if its counterparty is disconnected.
pub(crate) fn on_fill(
    key: &mut Key,
    mut orders: ResMut<Orders>,
    mut sessions: Sessions,
    mut net: ResMut<Net>,
    _: TimerEvent,
) {
    let Some(order) = orders.close(key, '2') else { return };
    let client = sessions.all[key.0].connection.and_then(|id| net.client_mut(id));
    report(&mut sessions, client.map_or(&mut Vec::new(), Peer::out), order, &fields! { 11 => key.1 });
}

/// Cancels an order, or reports why it cannot.
pub(crate) fn cancel(
    client: &mut Peer,
    mut orders: ResMut<Orders>,
    mut sessions: Sessions,
    mut timers: ResMut<TimerWheel>,
    (session, message): Request,
) {
    let key = (session, message.text(41).into());
    let ids = fields! { 11 => message.text(11), 41 => key.1 };
    if let Some(order) = orders.close(&key, '4') {
        if let Some(timer) = order.fill {
            timers.cancel(timer);
        }
        return report(&mut sessions, client.out(), order, &ids);
    }
    let fields = match orders.all.get(&key) {
        Some(it) => fields! { 37 => key.1, 39 => it.status, 434 => 1, 102 => 0, 58 => "too late to cancel" },
        None => fields! { 37 => "NONE", 39 => 8, 434 => 1, 102 => 1, 58 => "unknown order" },
    };
    sessions.send(session, client.out(), "9", fields + &ids);
}
