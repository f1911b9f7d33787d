//! Server-sent events of one answer, read one by one.

use std::marker::PhantomData;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::body::Transfer;
use super::connection::{Arrived, Connection};
use super::error::ClientError;
use super::frames::Frames;
use crate::clock::Deadline;
use crate::wiped::Wiped;

/// See the module's documentation.
#[derive(Debug)]
pub(crate) struct Follow<'a, E> {
    connection: &'a mut Connection,
    transfer: Transfer,
    frames: Frames,
    deadline: Deadline,
    item: PhantomData<E>,
}

/// What there is of a stream without waiting.
#[derive(Debug)]
pub(crate) enum Next<E> {
    /// The agent ended the stream.
    End,
    /// The next event.
    Event(E),
    /// Nothing yet.
    Nothing,
}

impl<'a, E> Follow<'a, E> {
    pub(super) fn new(connection: &'a mut Connection, transfer: Transfer, deadline: Deadline) -> Self {
        Self { connection, transfer, frames: Frames::new(), deadline, item: PhantomData }
    }
}

impl<E: DeserializeOwned> Follow<'_, E> {
    /// The next event, if it has arrived.
    pub(crate) fn here(&mut self) -> Result<Next<E>, ClientError> {
        loop {
            if let Some(event) = self.event() {
                return event.map(Next::Event);
            }
            let mut part = Wiped::with_capacity(1024);
            match self.connection.arrived(&mut self.transfer, &mut part)? {
                Arrived::End => return Ok(Next::End),
                Arrived::Nothing => return Ok(Next::Nothing),
                Arrived::Part => self.frames.push(part.bytes())?,
            }
        }
    }

    /// Takes in what arrives, after waiting for it.
    pub(crate) fn fill(&mut self) -> Result<(), ClientError> {
        self.connection.fill(self.deadline)
    }

    /// Readable when something has arrived.
    pub(crate) fn source(&self) -> BorrowedFd<'_> {
        self.connection.source()
    }
}

/// What came of listening for a while.
#[derive(Debug)]
pub(crate) enum Heard<E> {
    /// The agent ended the stream.
    End,
    /// An event.
    Event(E),
    /// A sign of life, and nothing else.
    Pulse,
    /// Not a byte.
    Silence,
}

impl<E: DeserializeOwned> Follow<'_, E> {
    /// Listens for at most `wait`.
    pub(crate) fn hear(&mut self, wait: Duration) -> Result<Heard<E>, ClientError> {
        if self.frames.is_empty() {
            let mut part = Wiped::with_capacity(1024);
            match self.connection.part(&mut self.transfer, &mut part, Deadline::after(wait)) {
                Ok(true) => self.frames.push(part.bytes())?,
                Ok(false) => return Ok(Heard::End),
                Err(ClientError::TimedOut) => return Ok(Heard::Silence),
                Err(error) => return Err(error),
            }
        }
        self.event().map_or(Ok(Heard::Pulse), |event| event.map(Heard::Event))
    }

    /// The next event of those that have come whole.
    fn event(&mut self) -> Option<Result<E, ClientError>> {
        let frame = self.frames.next()?;
        Some(serde_json::from_str(&frame).map_err(|_| ClientError::Garbled("an event is not the expected message")))
    }
}
