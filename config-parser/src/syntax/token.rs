//! Splits a text into tokens. The texts of all tokens together are the input.
//!
//! The language is one of lines. A `\` before a line end joins two lines, anywhere, also inside a word or a comment; the
//! tokens keep such joints, and [`Token::value`] takes them out.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// The end of a line.
    Newline,
    /// Space between words.
    Blank,
    /// A `\` and the line end after it, between words.
    Continuation,
    /// From `#` at the start of a line to its end.
    Comment,
    /// A name or an argument, with its quotes.
    Word,
    /// The `<` that opens a section.
    Open,
    /// The `</` that closes a section.
    Close,
    /// The `>` at the end of either.
    End,
}

/// A piece of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    /// What it is.
    pub(crate) kind: TokenKind,
    /// Its bytes in the text.
    pub(crate) range: Range<usize>,
}

impl Token {
    /// The piece of `text` that this token is.
    #[must_use]
    pub(crate) fn text<'t>(&self, text: &'t str) -> &'t str {
        &text[self.range.clone()]
    }

    /// What a word says: without joints, quotes, and the `\` before a quote or another `\`.
    #[must_use]
    pub(crate) fn value(&self, text: &str) -> Quoted {
        unquote(&joined(self.text(text)))
    }
}

/// A word without its quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quoted {
    /// What it says.
    pub(crate) value: String,
    /// Whether it began with a quote that nothing closed. What it says then reaches to the end of its line.
    pub(crate) unclosed: bool,
}

/// Splits a text into tokens.
#[must_use]
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::new() };
    while lexer.at < text.len() {
        lexer.line();
    }
    lexer.tokens
}

/// Length of the joint (`\` and a line end) at the start of `text`, or 0.
pub(crate) fn joint(text: &[u8]) -> usize {
    match text {
        [b'\\', b'\n', ..] => 2,
        [b'\\', b'\r', b'\n', ..] => 3,
        _ => 0,
    }
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn line(&mut self) {
        self.blanks();
        let end = self.line_end();
        let bytes = self.text.as_bytes();
        match bytes.get(self.at) {
            Some(b'#') => self.push(TokenKind::Comment, end),
            Some(b'<') => self.section(end),
            _ => self.words(end),
        }
        match bytes.get(self.at) {
            Some(b'\r') => self.push(TokenKind::Newline, self.at + 2),
            Some(_) => self.push(TokenKind::Newline, self.at + 1),
            None => {}
        }
    }

    fn section(&mut self, end: usize) {
        let closes = self.text.as_bytes().get(self.at + 1) == Some(&b'/');
        self.push(if closes { TokenKind::Close } else { TokenKind::Open }, self.at + 1 + usize::from(closes));
        // The last `>` of the line ends the section's head, so that `<If 3 > 2>` needs no quotes.
        if let Some(last) = self.text[self.at..end].rfind('>') {
            let last = self.at + last;
            self.words(last);
            self.push(TokenKind::End, last + 1);
        }
        self.words(end);
    }

    fn words(&mut self, end: usize) {
        while self.at < end {
            self.blanks();
            if self.at < end {
                let after = self.word_end(end);
                self.push(TokenKind::Word, after);
            }
        }
    }

    /// Spaces and joints, as far as they go.
    fn blanks(&mut self) {
        let bytes = self.text.as_bytes();
        loop {
            let length = joint(&bytes[self.at..]);
            if length > 0 {
                self.push(TokenKind::Continuation, self.at + length);
                continue;
            }
            let mut after = self.at;
            while after < bytes.len() && is_blank(bytes, after) {
                after += 1;
            }
            if after == self.at {
                return;
            }
            self.push(TokenKind::Blank, after);
        }
    }

    fn word_end(&self, end: usize) -> usize {
        let bytes = self.text.as_bytes();
        let quote = Some(bytes[self.at]).filter(|byte| matches!(byte, b'"' | b'\''));
        let mut at = self.at + usize::from(quote.is_some());
        while at < end {
            let length = joint(&bytes[at..]);
            if length > 0 {
                at += length;
            } else if let Some(quote) = quote {
                match bytes[at] {
                    byte if byte == quote => return at + 1,
                    b'\\' => at = after_escape(bytes, at, quote),
                    _ => at += 1,
                }
            } else if is_blank(bytes, at) {
                return at;
            } else {
                at += 1;
            }
        }
        // An escape of the very last byte steps over the end.
        at.min(end)
    }

    /// Where the line that starts here ends, joints passed over.
    fn line_end(&self) -> usize {
        let bytes = self.text.as_bytes();
        let mut from = self.at;
        loop {
            let Some(newline) = self.text[from..].find('\n').map(|at| from + at) else { return bytes.len() };
            let line_end = if newline > from && bytes[newline - 1] == b'\r' { newline - 1 } else { newline };
            if line_end > self.at && line_end > from && bytes[line_end - 1] == b'\\' {
                from = newline + 1;
            } else {
                return line_end;
            }
        }
    }

    fn push(&mut self, kind: TokenKind, end: usize) {
        if end > self.at {
            self.tokens.push(Token { kind, range: self.at..end });
            self.at = end;
        }
    }
}

/// White space inside a line; a carriage return only if it does not begin the line's end.
fn is_blank(bytes: &[u8], at: usize) -> bool {
    match bytes[at] {
        b' ' | b'\t' | 0x0b | 0x0c => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    }
}

/// Where reading goes on after the `\` at `at`. Joints are taken out before escapes are read, so they may stand between.
fn after_escape(bytes: &[u8], at: usize, quote: u8) -> usize {
    let mut next = at + 1;
    while next < bytes.len() && joint(&bytes[next..]) > 0 {
        next += joint(&bytes[next..]);
    }
    if bytes.get(next).is_some_and(|&byte| byte == b'\\' || byte == quote) { next + 1 } else { at + 1 }
}

/// The text without joints.
pub(crate) fn joined(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let length = joint(&rest.as_bytes()[at..]);
        out.push_str(&rest[..at + usize::from(length == 0)]);
        rest = &rest[at + length.max(1)..];
    }
    out + rest
}

fn unquote(word: &str) -> Quoted {
    let quote = word.chars().next().filter(|first| matches!(first, '"' | '\''));
    let mut value = String::with_capacity(word.len());
    let mut characters = word[quote.map_or(0, char::len_utf8)..].chars().peekable();
    while let Some(character) = characters.next() {
        if Some(character) == quote {
            return Quoted { value, unclosed: false };
        }
        let next = characters.peek().copied().filter(|&next| next == '\\' || Some(next) == quote);
        match next {
            Some(escaped) if character == '\\' => {
                value.push(escaped);
                characters.next();
            }
            _ => value.push(character),
        }
    }
    Quoted { value, unclosed: quote.is_some() }
}
