"""A client of the example `fix_gateway`: the engine of QuickFIX, with its dictionary and its default settings.

Usage: quickfix_client.py PORT PID FOLDER. It stores its sequence numbers in FOLDER, and ends the gateway PID.
"""

import os
import queue
import signal
import sys
import time

import quickfix as fix

PORT, PID, FOLDER = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
LONG = 30

SETTINGS = f"""
[DEFAULT]
ConnectionType=initiator
HeartBtInt=1
ReconnectInterval=1
StartTime=00:00:00
EndTime=00:00:00
FileStorePath={FOLDER}/store
FileLogPath={FOLDER}/log
DataDictionary={sys.prefix}/share/quickfix/FIX44.xml
[SESSION]
BeginString=FIX.4.4
SenderCompID=CLIENT
TargetCompID=GATEWAY
SocketConnectHost=127.0.0.1
SocketConnectPort={PORT}
"""


def fields(message):
    """The fields of a message, by tag."""
    parts = message.toString().split("\x01")
    return {int(tag): value for tag, _, value in (part.partition("=") for part in parts if part)}


class Client(fix.Application):
    def __init__(self):
        super().__init__()
        self.came, self.sent = queue.Queue(), queue.Queue()

    def onCreate(self, session):
        self.session = session

    def onLogon(self, session):
        self.came.put({35: "logged on"})

    def onLogout(self, session):
        self.came.put({35: "logged out"})

    def toAdmin(self, message, session):
        self.sent.put(fields(message))

    def fromAdmin(self, message, session):
        self.came.put(fields(message))

    def toApp(self, message, session):
        self.sent.put(fields(message))

    def fromApp(self, message, session):
        self.came.put(fields(message))

    def send(self, kind, **values):
        message = fix.Message()
        message.getHeader().setField(fix.MsgType(kind))
        for tag, value in values.items():
            message.setField(int(tag.removeprefix("t")), value)
        if kind != "1":
            message.setField(fix.TransactTime())
        assert fix.Session.sendToTarget(message, self.session)

    def order(self, name, quantity, price, symbol="ACME", side="1"):
        self.send("D", t11=name, t55=symbol, t54=side, t38=quantity, t40="2", t44=price)

    def cancel(self, name, order):
        self.send("F", t11=name, t41=order, t55="ACME", t54="1")


def until(messages, **expected):
    """The next message with these values."""
    expected = {int(tag.removeprefix("t")): value for tag, value in expected.items()}
    seen, end = [], time.monotonic() + LONG
    while True:
        try:
            message = messages.get(timeout=max(0, end - time.monotonic()))
        except queue.Empty:
            raise AssertionError(f"waited in vain for {expected}; came: {seen}") from None
        seen.append(message)
        assert message[35] not in ("3", "j") or expected.get(35) == message[35], f"refused: {message}"
        if all(message.get(tag) == value for tag, value in expected.items()):
            return message


class Connected:
    """A client that is logged on. Its numbers go on where those of the one before ended, of which it lost some."""

    def __init__(self, lost=0):
        self.lost = lost

    def __enter__(self):
        with open(f"{FOLDER}/settings", "w") as file:
            file.write(SETTINGS)
        settings = fix.SessionSettings(f"{FOLDER}/settings")
        self.client = Client()
        self.parts = [settings, fix.FileStoreFactory(settings), fix.FileLogFactory(settings)]
        self.initiator = fix.SocketInitiator(self.client, self.parts[1], settings, self.parts[2])
        session = fix.Session.lookupSession(self.client.session)
        session.setNextTargetMsgSeqNum(session.getExpectedTargetNum() - self.lost)
        self.initiator.start()
        until(self.client.came, t35="logged on")
        return self.client

    def __exit__(self, *_):
        self.initiator.stop()


def step(text):
    print(f"ok: {text}", flush=True)


with Connected() as client:
    step("logged on")

    client.order("a", "10", "101.5")
    new = until(client.came, t35="8", t11="a", t150="0", t39="0")
    fill = until(client.came, t35="8", t11="a", t150="F", t39="2")
    assert (float(new[151]), float(fill[151]), float(fill[14]), float(fill[31])) == (10, 0, 10, 100), fill
    step("an order was filled at the price of the market")

    client.order("b", "10", "99")
    until(client.came, t35="8", t11="b", t150="0")
    client.cancel("c", "b")
    until(client.came, t35="8", t11="c", t41="b", t150="4", t39="4")
    client.cancel("d", "b")
    until(client.came, t35="9", t11="d", t41="b", t39="4", t102="0", t58="too late to cancel")
    client.cancel("e", "?")
    until(client.came, t35="9", t11="e", t37="NONE", t102="1", t58="unknown order")
    step("an order was canceled, once")

    client.order("f", "1001", "100")
    until(client.came, t35="8", t11="f", t150="8", t39="8", t58="quantity outside the limits")
    client.order("g", "1", "106")
    until(client.came, t35="8", t11="g", t150="8", t39="8", t58="price outside the collar")
    client.order("h", "1", "100", symbol="NONE")
    until(client.came, t35="8", t11="h", t150="8", t39="8", t58="unknown symbol")
    client.order("a", "1", "100")
    until(client.came, t35="8", t11="a", t150="8", t39="8", t58="duplicate ClOrdID")
    step("orders beyond the limits were rejected")

    client.send("1", t112="hello?")
    until(client.came, t35="0", t112="hello?")
    until(client.came, t35="0", t112=None)
    step("a test request was answered, and heartbeats come")

    session = fix.Session.lookupSession(client.session)
    session.setNextSenderMsgSeqNum(session.getExpectedSenderNum() + 5)
    client.order("i", "1", "101")
    until(client.came, t35="2")
    until(client.came, t35="8", t11="i", t150="F")
    step("the gateway asked for what it had missed")

    session.setNextTargetMsgSeqNum(2)
    client.send("1", t112="again?")
    until(client.sent, t35="2", t16="0")
    for name, event in [("a", "F"), ("b", "0"), ("c", "4"), ("f", "8"), ("i", "F")]:
        until(client.came, t35="8", t43="Y", t11=name, t150=event)
    client.send("1", t112="still there?")
    until(client.came, t35="0", t112="still there?")
    step("the gateway sent again what the client had missed")

    client.order("j", "5", "101")
    until(client.came, t35="8", t11="j", t150="F")
until(client.came, t35="5")
until(client.came, t35="logged out")
step("logged out")

with Connected(lost=2) as client:
    until(client.came, t35="8", t11="j", t150="F", t43="Y")
    step("what was lost at the end was sent after the next logon")
    number = fix.Session.lookupSession(client.session).getExpectedSenderNum()
    assert number > 20, f"the numbers go on: {number}"
    client.order("k", "5", "25.4", symbol="NEXS", side="2")
    until(client.came, t35="8", t11="k", t150="F")
    os.kill(PID, signal.SIGTERM)
    until(client.came, t35="5", t58="the program ends")
    until(client.came, t35="logged out")
    step("the gateway said goodbye")
