//! Requests over HTTP/1.1, as far as a page and a metrics collector need it: GET and HEAD without a body.

use std::fmt::{self, Write};

use httparse::{EMPTY_HEADER, Error, Status};
use nexus_rt::connections::{Buffer, Framing};

/// The longest head of a request, in bytes, and the maximum number of its lines.
const HEAD: usize = 8 * 1024;
const LINES: usize = 64;

/// A request, and the parser that decodes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct HttpRequest {
    buffer: Buffer,
    /// The position of the path.
    path: (usize, usize),
    pub(crate) method: Method,
    /// Whether the connection is closed after the reply.
    pub(crate) closes: bool,
}

/// The method of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Method {
    #[default]
    Get,
    Head,
    Other,
}

/// Why a connection is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum NotHttp {
    Malformed(Error),
    TooLong,
    /// The request has a body, which no page accepts.
    Body,
}

impl HttpRequest {
    /// Returns a request that stands for one that could not be parsed.
    pub(crate) fn unread() -> Self {
        Self { closes: true, ..Self::default() }
    }

    /// Returns the path, without what follows a question mark.
    pub(crate) fn path(&self) -> &[u8] {
        let path = &self.buffer.taken()[self.path.0..self.path.1];
        path.split(|byte| *byte == b'?').next().unwrap_or_default()
    }
}

impl Framing for HttpRequest {
    type Frame = Self;
    type Error = NotHttp;

    fn buffer(&mut self) -> &mut Buffer {
        &mut self.buffer
    }

    fn decode(&mut self) -> Result<Option<&Self>, NotHttp> {
        let bytes = self.buffer.unread();
        let mut lines = [EMPTY_HEADER; LINES];
        let mut head = httparse::Request::new(&mut lines);
        let length = match head.parse(bytes) {
            Ok(Status::Complete(length)) if length <= HEAD => length,
            Ok(Status::Partial) if bytes.len() <= HEAD => return Ok(None),
            Ok(_) => return Err(NotHttp::TooLong),
            Err(error) => return Err(NotHttp::Malformed(error)),
        };
        let line = |name: &str| head.headers.iter().find(|line| line.name.eq_ignore_ascii_case(name));
        let has_body =
            line("content-length").is_some_and(|line| line.value != b"0") || line("transfer-encoding").is_some();
        if has_body {
            return Err(NotHttp::Body);
        }
        let word = |value: &[u8], word: &[u8]| value.eq_ignore_ascii_case(word);
        self.closes = match line("connection") {
            Some(line) if head.version == Some(0) => !word(line.value, b"keep-alive"),
            Some(line) => word(line.value, b"close"),
            None => head.version == Some(0),
        };
        self.method = match head.method {
            Some("GET") => Method::Get,
            Some("HEAD") => Method::Head,
            _ => Method::Other,
        };
        let path = head.path.unwrap_or_default();
        let from = path.as_ptr().addr() - bytes.as_ptr().addr();
        self.path = (from, from + path.len());
        self.buffer.take(length);
        Ok(Some(self))
    }
}

impl fmt::Display for NotHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => write!(f, "not an HTTP request: {error}"),
            Self::TooLong => write!(f, "the head of the request is longer than {HEAD} bytes"),
            Self::Body => f.write_str("requests with a body are not supported"),
        }
    }
}

impl std::error::Error for NotHttp {}

/// Writes a reply.
pub(crate) fn reply(out: &mut Vec<u8>, request: &HttpRequest, (status, kind): (&str, &str), body: &[u8]) {
    let mut head = String::with_capacity(256);
    let closes = if request.closes { "Connection: close\r\n" } else { "" };
    // The reply must not be cached, and the page requests nothing from other servers.
    write!(
        head,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n\
         Content-Security-Policy: default-src 'self' 'unsafe-inline'; img-src 'self' data:\r\n\
         X-Content-Type-Options: nosniff\r\n{closes}\r\n",
        body.len()
    )
    .expect("a string takes what is written");
    out.extend_from_slice(head.as_bytes());
    if request.method != Method::Head {
        out.extend_from_slice(body);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Option<(String, Method, bool)>, NotHttp> {
        let mut request = HttpRequest::default();
        request.buffer().extend(text.as_bytes());
        let found = request.decode()?;
        Ok(found.map(|it| (String::from_utf8_lossy(it.path()).into_owned(), it.method, it.closes)))
    }

    #[test]
    fn a_request_has_a_path_a_method_and_an_end() {
        let of = |path: &str, method, closes| Ok(Some((path.to_owned(), method, closes)));
        assert_eq!(parsed("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), of("/", Method::Get, false));
        assert_eq!(parsed("GET /metrics?x=1 HTTP/1.1\r\nConnection: Close\r\n\r\n"), of("/metrics", Method::Get, true));
        assert_eq!(parsed("HEAD /a HTTP/1.0\r\n\r\n"), of("/a", Method::Head, true));
        assert_eq!(parsed("GET /a HTTP/1.0\r\nconnection: keep-alive\r\n\r\n"), of("/a", Method::Get, false));
        assert_eq!(parsed("DELETE /a HTTP/1.1\r\nContent-Length: 0\r\n\r\n"), of("/a", Method::Other, false));
        assert_eq!(parsed("GET / HTTP/1.1\r\nHost: a\r\n"), Ok(None));
    }

    #[test]
    fn what_is_no_request_is_refused() {
        assert!(matches!(parsed("*1\r\n$4\r\nPING\r\n"), Err(NotHttp::Malformed(_))));
        assert_eq!(parsed("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc"), Err(NotHttp::Body));
        assert_eq!(parsed("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), Err(NotHttp::Body));
        let long = format!("GET / HTTP/1.1\r\nA: {}", "x".repeat(HEAD));
        assert_eq!(parsed(&long), Err(NotHttp::TooLong));
    }

    #[test]
    fn requests_come_in_pieces_and_many_at_once() {
        let text = "GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n";
        for cut in 0..text.len() {
            let mut request = HttpRequest::default();
            let mut paths = Vec::new();
            for part in [&text[..cut], &text[cut..]] {
                request.buffer().extend(part.as_bytes());
                while let Some(found) = request.decode().unwrap() {
                    paths.push(String::from_utf8_lossy(found.path()).into_owned());
                }
            }
            assert_eq!(paths, ["/one", "/two"], "{cut}");
        }
    }
}
