//! Who has to go when the house is full.

use std::task::Waker;

use super::*;

fn signals(ticket: &Ticket) -> Signals {
    ticket.entry().listen(Waker::noop())
}

fn closed(ticket: &Ticket) -> bool {
    signals(ticket).contain(Signals::CLOSE)
}

#[test]
fn the_one_that_has_waited_longest_gives_way() {
    let connections = Connections::new(3);
    let [a, b, c] = [(); 3].map(|()| connections.admit().expect("room"));
    drop(a.entry().begin().expect("open"));
    let d = connections.admit().expect("at the expense of another");
    assert_eq!([&a, &b, &c, &d].map(closed), [false, true, false, false], "a was served later than b came");
    assert!(b.entry().begin().is_none(), "a closed connection is not served");
    drop(b);
    assert_eq!(connections.open(), 3);
    assert_eq!(connections.counts().evicted, 1);
}

#[test]
fn requests_in_progress_are_never_evicted() {
    let connections = Connections::new(2);
    let [a, b] = [(); 2].map(|()| connections.admit().expect("room"));
    let (first, _second) = (a.entry().begin(), b.entry().begin());
    assert_eq!(connections.in_progress(), 2);
    assert!(connections.admit().is_none());
    assert!(!connections.evict());
    drop(first);
    assert!(connections.admit().is_some());
    assert_eq!([&a, &b].map(closed), [true, false]);
    assert_eq!(connections.counts().turned_away, 1);
}

#[test]
fn room_is_given_back_once_by_whichever_way_a_connection_ends() {
    let connections = Connections::new(2);
    for round in 0..100 {
        let a = connections.admit().expect("room");
        let busy = a.entry().begin().expect("open");
        let b = connections.admit().expect("room");
        assert!(connections.evict(), "b");
        let c = connections.admit().expect("b's room");
        assert!(connections.admit().is_some_and(|_| closed(&c)), "c gives way, round {round}");
        drop((b, busy, a, c));
        assert_eq!((connections.open(), connections.in_progress()), (0, 0));
    }
    let held: Vec<_> = (0..2).map(|_| connections.admit().and_then(|t| t.entry().begin().map(|b| (b, t)))).collect();
    assert!(held.iter().all(Option::is_some) && connections.admit().is_none());
}

#[test]
fn idle_and_half_received_ones_expire_and_those_in_progress_do_not() {
    let connections = Connections::new(4);
    let [idle, half, busy, served] = [(); 4].map(|()| connections.admit().expect("room"));
    let _answer = busy.entry().begin().expect("open");
    for _ in 0..5 {
        connections.tick(10, 20);
    }
    half.entry().received();
    for _ in 0..5 {
        connections.tick(10, 20);
        half.entry().received();
    }
    drop(served.entry().begin());
    for _ in 0..6 {
        connections.tick(10, 20);
    }
    assert!(signals(&half).contain(Signals::LATE), "eleven ticks after its first byte, not its last");
    assert!(!closed(&idle));
    for _ in 0..5 {
        connections.tick(10, 20);
    }
    assert!(closed(&idle), "twenty-one ticks after it came");
    assert!(!closed(&busy) && !closed(&served));
    assert_eq!(connections.counts().expired, 2);
}

#[test]
fn a_request_whose_last_byte_comes_with_the_notice_is_served() {
    let connections = Connections::new(1);
    let ticket = connections.admit().expect("room");
    ticket.entry().received();
    connections.tick(0, 20);
    assert!(signals(&ticket).contain(Signals::LATE));
    let _answer = ticket.entry().begin().expect("not told to close");
    assert!(!signals(&ticket).contain(Signals::LATE));
}

#[tokio::test]
async fn the_reaper_rests_while_nobody_stands_in_line() {
    let connections = Connections::new(2);
    let waits = connections.somebody_waits();
    tokio::pin!(waits);
    assert!(futures_util::poll!(&mut waits).is_pending());
    let ticket = connections.admit().expect("room");
    waits.await;
    let busy = ticket.entry().begin().expect("open");
    let waits = connections.somebody_waits();
    tokio::pin!(waits);
    assert!(futures_util::poll!(&mut waits).is_pending());
    drop(busy);
    waits.await;
}

#[tokio::test]
async fn the_door_waits_until_those_told_to_close_are_gone() {
    let connections = Connections::new(1);
    let mut tickets: Vec<_> = (0..=CLOSING).map(|_| connections.admit().expect("evicts")).collect();
    connections.way_is_clear().await;
    tickets.push(connections.admit().expect("evicts"));
    let clear = connections.way_is_clear();
    tokio::pin!(clear);
    assert!(futures_util::poll!(&mut clear).is_pending());
    tickets.swap_remove(0);
    clear.await;
}
