//! A client of one server: it sends a request and waits for the reply.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A reply, as far as the tests need it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Reply {
    Simple(String),
    Error(String),
    Number(i64),
    Bytes(Option<String>),
}

pub(crate) struct Client(BufReader<TcpStream>);

impl Client {
    pub(crate) fn connect(address: SocketAddr, patience: Duration) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, patience)?;
        stream.set_read_timeout(Some(patience))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    pub(crate) fn ask(&mut self, request: &[&str]) -> io::Result<Reply> {
        let parts: String = request.iter().map(|part| format!("${}\r\n{part}\r\n", part.len())).collect();
        self.0.get_mut().write_all(format!("*{}\r\n{parts}", request.len()).as_bytes())?;
        let line = self.line()?;
        let (kind, rest) = line.split_at_checked(1).ok_or(io::ErrorKind::UnexpectedEof)?;
        let invalid = || io::Error::from(io::ErrorKind::InvalidData);
        match kind {
            "+" => Ok(Reply::Simple(rest.into())),
            "-" => Ok(Reply::Error(rest.into())),
            ":" => rest.parse().map(Reply::Number).map_err(|_| invalid()),
            "$" if rest == "-1" => Ok(Reply::Bytes(None)),
            "$" => {
                // No value of the tests contains a line feed, but INFO does.
                let length: usize = rest.parse().map_err(|_| invalid())?;
                let mut text = vec![0; length + 2];
                io::Read::read_exact(&mut self.0, &mut text)?;
                text.truncate(length);
                String::from_utf8(text).map(|text| Reply::Bytes(Some(text))).map_err(|_| invalid())
            }
            _ => Err(invalid()),
        }
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.0.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().into())
    }
}
