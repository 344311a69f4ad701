//! Invites: known, in time, one device each; and a lost answer is no lost invite.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kapok_server::{Clock, Config, Server};
use kapok_wire::answer::Ack;
use kapok_wire::token::Blinding;
use kapok_wire::{Hour, Problem};

use crate::support::{Desk, Device, FAR, Object, World, address};

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_is_good_for_one_device_however_often_it_asks() {
    let world = World::new().await;
    assert_eq!(world.desk.invite([1; 32], FAR).await, Ack::Done);
    let (mine, other) = (Blinding::make().unwrap(), Blinding::make().unwrap());
    let tokens = world.device.enrol_with([1; 32], &mine).await.unwrap();
    assert_eq!(tokens.len(), 256);
    assert_eq!(world.device.enrol_with([1; 32], &mine).await.unwrap(), tokens, "the answer got lost: the same again");
    assert_eq!(world.device.enrol_with([1; 32], &other).await, Err(Problem::InviteUsed));
    assert_eq!(world.device.enrol_with([2; 32], &other).await, Err(Problem::InviteUnknown));
    assert!(world.device.upload(&Object::packet(&tokens[255])).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_used_before_a_restart_is_used_after_it() {
    let mut world = World::new().await;
    assert_eq!(world.desk.invite([1; 32], FAR).await, Ack::Done);
    let mine = Blinding::make().unwrap();
    let tokens = world.device.enrol_with([1; 32], &mine).await.unwrap();
    world.restart();
    assert_eq!(world.device.enrol_with([1; 32], &mine).await.unwrap(), tokens);
    let other = Blinding::make().unwrap();
    assert_eq!(world.device.enrol_with([1; 32], &other).await, Err(Problem::InviteUsed));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invite_ends_with_its_hour_but_not_for_the_device_that_used_it() {
    let seconds = Arc::new(AtomicU64::new(500_000 * 3_600));
    let dir = tempfile::tempdir().unwrap();
    let mut config = Config::new(dir.path());
    config.listen = address("127.0.0.1:0");
    config.desk_listen = address("127.0.0.1:0");
    config.answer_floor = Duration::ZERO;
    let hand = Arc::clone(&seconds);
    config.clock = Clock::from_fn(move || hand.load(Ordering::SeqCst));
    let server = Server::start(config).await.unwrap();
    let desk = Desk::registered(server.card(), dir.path());
    let device = Device::new(server.card());

    assert_eq!(desk.invite([1; 32], Hour(499_999)).await, Ack::Refused(Problem::InviteExpired));
    assert_eq!(desk.invite([2; 32], Hour(500_000)).await, Ack::Done);
    assert_eq!(desk.invite([3; 32], Hour(500_000)).await, Ack::Done);
    let (mine, other) = (Blinding::make().unwrap(), Blinding::make().unwrap());
    let tokens = device.enrol_with([2; 32], &mine).await.unwrap();
    assert_eq!(device.upload(&Object::packet(&tokens[0])).await.unwrap().hour, Hour(500_000));

    seconds.fetch_add(3_600, Ordering::SeqCst);
    assert_eq!(device.enrol_with([3; 32], &other).await, Err(Problem::InviteExpired));
    assert_eq!(device.enrol_with([2; 32], &mine).await.unwrap(), tokens);
    // A duplicate's receipt names the hour in which the object was stored.
    let object = Object::packet(&tokens[1]);
    let first = device.upload(&object).await.unwrap();
    seconds.fetch_add(3_600, Ordering::SeqCst);
    assert_eq!(device.upload(&object).await.unwrap(), first);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn registering_an_invite_twice_is_once_and_its_expiry_stays() {
    let world = World::new().await;
    assert_eq!(world.desk.invite([1; 32], FAR).await, Ack::Done);
    assert_eq!(world.desk.invite([1; 32], FAR).await, Ack::Done);
    assert_eq!(world.desk.invite([1; 32], Hour(FAR.0 + 1)).await, Ack::Refused(Problem::IdTaken));
}
