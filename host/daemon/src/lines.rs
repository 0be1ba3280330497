//! Lines of a stream, none of which may fill the memory.

use std::io::{self, BufRead};

use syndic_core::Error;
use syndic_core::event::EVENT_MAX_BYTES;

/// One input line.
#[derive(Debug, PartialEq)]
pub(crate) enum Line {
    /// Its bytes, without the line break.
    Read,
    /// It is over the bound and was skipped unread.
    TooLong,
    /// There are no more.
    End,
}

/// Reads the next line into `buffer`, at most as many bytes as an event may have; what is longer is skipped.
pub(crate) fn next_line(input: &mut impl BufRead, buffer: &mut Vec<u8>) -> io::Result<Line> {
    buffer.clear();
    let mut too_long = false;
    let mut began = false;
    loop {
        let chunk = match input.fill_buf() {
            Ok(chunk) => chunk,
            Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
            Err(why) => return Err(why),
        };
        if chunk.is_empty() {
            break;
        }
        began = true;
        let end = memchr::memchr(b'\n', chunk);
        let piece = &chunk[..end.unwrap_or(chunk.len())];
        if buffer.len() + piece.len() > EVENT_MAX_BYTES + 1 {
            too_long = true;
        } else if !too_long {
            buffer.extend_from_slice(piece);
        }
        let used = end.map_or(chunk.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            break;
        }
    }
    if !began {
        return Ok(Line::End);
    }
    if buffer.last() == Some(&b'\r') {
        buffer.pop();
    }
    let too_long = too_long || buffer.len() > EVENT_MAX_BYTES;
    Ok(if too_long { Line::TooLong } else { Line::Read })
}

/// What a line that was skipped is told.
pub(crate) fn too_long() -> Error {
    Error::invalid(format!("the line is over {EVENT_MAX_BYTES} bytes and was skipped"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Vec<(Line, usize)> {
        let mut input = io::BufReader::with_capacity(7, text);
        let mut buffer = Vec::new();
        let mut lines = Vec::new();
        loop {
            match next_line(&mut input, &mut buffer).unwrap() {
                Line::End => return lines,
                line => lines.push((line, buffer.len())),
            }
        }
    }

    #[test]
    fn lines_end_with_a_break_or_with_the_stream() {
        assert_eq!(read(b""), []);
        assert_eq!(read(b"ab\r\n\ncde"), [(Line::Read, 2), (Line::Read, 0), (Line::Read, 3)]);
    }

    #[test]
    fn a_line_over_the_bound_is_skipped_and_the_next_one_is_read() {
        let most = [vec![b'x'; EVENT_MAX_BYTES], b"\r\nabc\n".to_vec()].concat();
        assert_eq!(read(&most), [(Line::Read, EVENT_MAX_BYTES), (Line::Read, 3)]);
        let over = [vec![b'x'; EVENT_MAX_BYTES + 1], b"\nabc\n".to_vec()].concat();
        let lines = read(&over);
        assert_eq!(lines[0].0, Line::TooLong);
        assert_eq!(lines[1], (Line::Read, 3));
    }

    #[test]
    fn a_line_of_a_gigabyte_is_never_held() {
        let mut input = io::BufReader::new(io::Read::take(io::repeat(b'x'), 1 << 30));
        let mut buffer = Vec::new();
        assert_eq!(next_line(&mut input, &mut buffer).unwrap(), Line::TooLong);
        assert!(buffer.capacity() <= 4 * EVENT_MAX_BYTES);
    }
}
