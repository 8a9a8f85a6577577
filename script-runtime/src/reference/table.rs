//! The table: every function, property and name that a script can use.
//!
//! A signature is written as `receiver.name(parameter: type, optional?: type) -> type`, a property as `receiver.name -> type`, one that
//! can be assigned as `receiver.name = type`, an index as `receiver[key: type] -> type`. `int|float` is one of the two. Where a
//! call does the same with other parameters, its signatures are joined by ` or `.

use super::{Entry, Section};

/// A function, or a property.
const fn entry(signatures: &'static str, does: &'static str, raises: &'static str) -> Entry {
    Entry { signatures, does, raises, since: "0.1" }
}

/// The page, section by section.
pub(super) const SECTIONS: &[Section] = &[
    Section {
        title: "Names",
        intro: "These are defined without being imported. `OK`, `DECLINED` and `DONE` are what a handler returns; the others belong to the module in which they are read.",
        entries: &[
            entry("OK -> int", "0: this handler is done, and the next phase may run", ""),
            entry("DECLINED -> int", "-1: another handler, or a static file, answers", ""),
            entry("DONE -> int", "-2: the response is complete with what was written", ""),
            entry("__file__ -> string", "the path of the module's file", ""),
            entry("__name__ -> string", "the module's name: its file without directory and extension", ""),
            entry("__mp_info__ -> map", "how this instance of the module came about; see [below](#module-info)", ""),
            entry(
                "__mp_path__ -> array",
                "directories in which the module's imports are searched; the module may append to it while it loads",
                "",
            ),
            entry(
                "__mp_from__ -> any",
                "the `__mp_version__` of the instance that this one replaces; `()` if there was none",
                "",
            ),
        ],
    },
    Section {
        title: "Definitions with a meaning",
        intro: "A module defines these, and the importer or the server calls or reads them.",
        entries: &[
            entry(
                "handler(req: request) -> any",
                "answers a request; the default function of `RhaiHandler` and of URLs that name scripts",
                "",
            ),
            entry(
                "__mp_clone__(next: module) -> ()",
                "hands state to the instance that replaces this one: `next.NAME = NAME`",
                "if it raises, the new instance starts without state and `__mp_purge__` is called",
            ),
            entry("__mp_purge__() -> ()", "cleans up when state ends that nobody takes over", "logged and ignored"),
            entry(
                "__mp_version__ -> any",
                "the form of the module's state, which the next instance reads as `__mp_from__`",
                "",
            ),
        ],
    },
    Section {
        title: "Modules and functions",
        intro: "`import \"name\" as m;` is described in [Scripts](scripts.md#imports), `keep NAME = value;` in [State and reloads](state-and-reloads.md).",
        entries: &[
            entry(
                "import_module(name: string, options?: map) -> module",
                "imports a module as a value. Options: `autoreload: bool`, `log: bool`, `path: array` (directories to search first)",
                "not found, does not load, an option that does not exist",
            ),
            entry(
                "module[name: string] -> any",
                "a variable of the module, or one of its functions: `m[\"f\"].call(x)`; `m.name` is the same",
                "there is no such name",
            ),
            entry(
                "callback(f: function) -> function",
                "the function with its module: it can be stored, and called from any module and any thread",
                "not a function of this module",
            ),
            entry(
                "on_purge(f: function) -> ()",
                "calls `f` after `__mp_purge__` of this module, the last one added first",
                "called a thousand times by one module",
            ),
            entry(
                "is_def_var(name: string) -> bool",
                "whether a variable of that name is in scope or defined by the module",
                "",
            ),
            entry(
                "is_def_fn(name: string, parameters: int) -> bool or is_def_fn(type: string, name: string, parameters: int) -> bool",
                "whether the module has such a function; with a type, one for `this` of that type",
                "",
            ),
            entry("Fn(name: string) -> function", "the module's function of that name as a value", "not a name"),
            entry("function.call(..) -> any", "calls it", "what the function raises"),
            entry("function.curry(..) -> function", "the function with its first arguments given", ""),
            entry("function.name[()] -> string", "the name; `closure` for a closure", ""),
            entry("function.is_anonymous[()] -> bool", "whether it is a closure", ""),
            entry("type_of(value: any) -> string", "the name of the value's type", ""),
            entry("is_shared(value: any) -> bool", "whether a closure shares the variable", ""),
            entry("any.tag[()] -> int", "a number that goes with the value, 0 at first", ""),
            entry("any.set_tag(tag: int) -> () or any.tag = int", "sets it", "not a number of 32 bits"),
            entry("take(value: any) -> any", "the value, with `()` left in its place", ""),
        ],
    },
    Section {
        title: "The module importer",
        intro: "`import \"importer\" as importer;` imports it. No file can take its name. Graphs are in the language of Graphviz (DOT); options are `#{verbose: true}`.",
        entries: &[
            entry("importer::freeze_modules() -> ()", "ends all reloading of this interpreter, for good", ""),
            entry("importer::is_frozen() -> bool", "whether that was done", ""),
            entry(
                "importer::modules_graph(options?: map) -> string",
                "which module imports which, in the newest generation",
                "an option that does not exist",
            ),
            entry(
                "importer::request_modules_graph(options?: map) -> string",
                "the same for what the running call sees",
                "an option that does not exist",
            ),
            entry("importer::modules_graph_json() -> string", "the newest generation as JSON", ""),
            entry(
                "importer::module_info(name: string) -> map",
                "what is known of one module",
                "no module has the name, or several have",
            ),
        ],
    },
    Section {
        title: "Module info",
        intro: "`__mp_info__` describes the module in which it is read. Its fields can be read and not be set.",
        entries: &[
            entry("__mp_info__.path -> string", "the file", ""),
            entry("__mp_info__.state -> string", "`up to date`, `stale` (a change was refused) or `failed`", ""),
            entry("__mp_info__.generation -> int", "the generation in which this instance was loaded", ""),
            entry("__mp_info__.instances -> int", "how many instances of the module there were, this one included", ""),
            entry("__mp_info__.loaded -> string", "when it was loaded, as in RFC 3339", ""),
            entry("__mp_info__.age_ms -> float", "milliseconds since then", ""),
            entry("__mp_info__.took_ms -> float", "milliseconds that loading took", ""),
            entry("__mp_info__.reason -> string", "why it was loaded", ""),
            entry("__mp_info__.library -> bool", "whether it is a library module, which is never reloaded", ""),
            entry("__mp_info__.children -> array", "files of the modules that it imported while it was loaded", ""),
            entry("__mp_info__.friends -> array", "files of the modules that its functions have imported", ""),
            entry("__mp_info__[name: string] -> any", "the field of that name", "there is none"),
        ],
    },
    Section {
        title: "lock",
        intro: "For steps that must not run at the same time. A lock is released when its call ends, at the latest. It is not re-entrant.",
        entries: &[
            entry("lock() -> lock", "makes one", ""),
            entry(
                "lock.with(f: function) -> any",
                "holds the lock while `f()` runs, and returns what it returns",
                "this call holds it already; waiting past the deadline ends the call",
            ),
            entry(
                "lock.acquire() -> ()",
                "waits for the lock and takes it",
                "this call holds it already; waiting past the deadline ends the call",
            ),
            entry("lock.release() -> ()", "gives it back", "this call does not hold it, or holds it by `with`"),
            entry("lock.is_held() -> bool", "whether somebody holds it now", ""),
        ],
    },
    Section {
        title: "table",
        intro: "Values by key. A key is a string or an integer; `7` and `\"7\"` are the same key. Values are copied when they are stored and when they are read. `for e in table` gives `e.key` and `e.value`.",
        entries: &[
            entry("table() -> table", "makes one", ""),
            entry(
                "table.get(key: any) -> any or table[key: any] -> any",
                "the value; `()` if there is none",
                "not a key; larger than the limits allow",
            ),
            entry("table.get(key: any, default: any) -> any", "the value, or `default`", "as above"),
            entry(
                "table.set(key: any, value: any) -> () or table[key: any] = any",
                "stores a copy",
                "not a key; a value that cannot outlive its call",
            ),
            entry(
                "table.update(key: any, change: function) -> any",
                "stores what `change(old)` returns, and returns it; runs it again if another request was faster",
                "as `set`, and what `change` raises; `change` changes the same entry",
            ),
            entry(
                "table.incr(key: any, by?: int) -> int",
                "adds 1, or `by`, to a number, which is 0 at first, and returns the sum",
                "the entry is not an integer; the sum is too large",
            ),
            entry(
                "table.remove(key: any) -> any",
                "takes the entry out and returns its value; `()` if there was none",
                "not a key",
            ),
            entry(
                "table.contains(key: any) -> bool",
                "whether there is an entry; `key in table` is the same",
                "not a key",
            ),
            entry(
                "table.keys() -> array or table.values() -> array or table.to_map() -> map",
                "a copy of the keys, of the values, of both",
                "larger than the limits allow",
            ),
            entry("table.len[()] -> int", "the number of entries", ""),
            entry("table.is_empty[()] -> bool", "whether there are none", ""),
            entry("table.clear() -> ()", "removes all entries", "called inside `update` of the same table"),
        ],
    },
    Section {
        title: "cell",
        intro: "One value, copied when it is stored and when it is read.",
        entries: &[
            entry("cell(value: any) -> cell", "makes one", "a value that cannot outlive its call"),
            entry("cell.get() -> any or cell.value -> any", "a copy of the value", "larger than the limits allow"),
            entry(
                "cell.set(value: any) -> () or cell.value = any",
                "stores a copy",
                "a value that cannot outlive its call",
            ),
            entry("cell.swap(value: any) -> any", "stores a copy, and returns the value before", "as `set`"),
            entry(
                "cell.update(change: function) -> any",
                "stores what `change(old)` returns, and returns it; runs it again if another request was faster",
                "as `set`, and what `change` raises; `change` changes the same cell",
            ),
            entry(
                "cell.compare_and_set(old: any, new: any) -> bool",
                "stores `new` if the value equals `old`; false otherwise",
                "as `set`",
            ),
        ],
    },
    Section {
        title: "counter",
        intro: "A total, in 64 bits.",
        entries: &[
            entry("counter(start?: int) -> counter", "makes one, at 0 or `start`", ""),
            entry("counter.get() -> int or counter.value -> int", "the total", ""),
            entry("counter.incr() -> int", "adds 1 and returns the new total", "the total is too large"),
            entry("counter.add(by: int) -> int", "adds `by` and returns the new total", "the total is too large"),
            entry("counter.set(total: int) -> ()", "sets it", ""),
            entry("counter.swap(total: int) -> int", "sets it, and returns the total before", ""),
            entry("counter.value = any", "", "always: others may add meanwhile; the message names what to call"),
        ],
    },
    Section {
        title: "queue",
        intro: "Values that others take, first in, first out.",
        entries: &[
            entry(
                "queue(capacity: int) -> queue",
                "makes one for at most `capacity` values",
                "a capacity out of range",
            ),
            entry(
                "queue.push(value: any) -> bool",
                "adds a copy; false if the queue is full",
                "a value that cannot outlive its call",
            ),
            entry(
                "queue.pop() -> any",
                "takes the oldest value; `()` if the queue is empty",
                "larger than the limits allow",
            ),
            entry("queue.drain() -> array", "takes all values", "more than an array may have: then nothing is taken"),
            entry("queue.len[()] -> int", "the number of values", ""),
            entry("queue.capacity[()] -> int", "how many it takes at most", ""),
            entry("queue.is_empty[()] -> bool or queue.is_full[()] -> bool", "whether it is", ""),
        ],
    },
    Section {
        title: "cache",
        intro: "Values by key that may be forgotten: when there are too many, or when they are too old. Keys are those of a table.",
        entries: &[
            entry(
                "cache(capacity: int, seconds: int|float) -> cache",
                "makes one for at most `capacity` values, each for that time",
                "a capacity or a time out of range",
            ),
            entry(
                "cache.get(key: any) -> any or cache[key: any] -> any",
                "the value; `()` if there is none",
                "not a key; larger than the limits allow",
            ),
            entry(
                "cache.get_or(key: any, make: function) -> any",
                "the value, or what `make()` returns, which is stored; others who ask meanwhile wait for it",
                "what `make` raises; `make` asks for the same key; waiting past the deadline ends the call",
            ),
            entry(
                "cache.set(key: any, value: any) -> () or cache[key: any] = any",
                "stores a copy",
                "not a key; a value that cannot outlive its call",
            ),
            entry(
                "cache.contains(key: any) -> bool",
                "whether there is a value; `key in cache` is the same",
                "not a key",
            ),
            entry(
                "cache.remove(key: any) -> any",
                "takes the entry out and returns its value; `()` if there was none",
                "not a key",
            ),
            entry("cache.len[()] -> int", "the number of values", ""),
            entry("cache.clear() -> ()", "removes all", ""),
        ],
    },
    Section {
        title: "req",
        intro: "The request, and the response that is prepared for it.",
        entries: &[
            entry(
                "req.method -> string or req.uri -> string or req.query -> string",
                "the method, the request target as sent, what follows `?` as sent",
                "",
            ),
            entry(
                "req.path -> string or req.path_info -> string",
                "the path, decoded and normalised; what follows the script's own path",
                "",
            ),
            entry("req.filename -> string", "the file that the path leads to", ""),
            entry("req.host -> string", "the `Host` header without its port", ""),
            entry("req.remote_ip -> string", "the client's address; empty in programs that do not tell it", ""),
            entry("req.options -> map", "the values of `RhaiOption`", ""),
            entry(
                "req.args -> map or req.form -> map",
                "fields of the query, fields of a form that was sent (`application/x-www-form-urlencoded`); of a field that is sent twice the first",
                "",
            ),
            entry(
                "req.args_of(name: string) -> array or req.form_of(name: string) -> array",
                "all values of one field",
                "",
            ),
            entry("req.cookies -> map", "cookies by name", ""),
            entry(
                "req.body -> any or req.bytes -> blob",
                "the body as text (a blob, if it is not UTF-8), as bytes",
                "",
            ),
            entry("req.json() -> any", "the body, parsed", "not JSON: 400 for the client, unless `try` catches it"),
            entry(
                "req.headers_in -> headers_in or req.headers_out -> headers_out",
                "headers of the request, of the response",
                "",
            ),
            entry(
                "req.user -> string or req.user = string",
                "who asks, as a script found out; it stands in the access log",
                "",
            ),
            entry(
                "req.status -> int or req.status = int",
                "the status of the response, 200 at first",
                "not a number from 200 to 599",
            ),
            entry(
                "req.content_type -> string or req.content_type = string",
                "the header `Content-Type` of the response",
                "a line break",
            ),
            entry("req.write(text: string|html|blob) -> ()", "adds to the body of the response", "more than 64 MiB"),
            entry(
                "req.on_finish(f: function) -> ()",
                "calls the callback after the response has been sent, or when the client has gone",
                "not a callback; the thousandth for one request",
            ),
            entry(
                "headers_in[name: string] -> any",
                "the value, whatever the case of the name; `()` if it was not sent; several are joined by `, `",
                "",
            ),
            entry(
                "headers_in.contains(name: string) -> bool or headers_in.keys() -> array or headers_in.to_map() -> map",
                "whether it was sent (`name in headers_in`), all names, all headers",
                "",
            ),
            entry(
                "headers_out[name: string] -> any or headers_out[name: string] = any",
                "a header of the response; an array is sent as several, `()` removes it",
                "a name or value that HTTP has no form for; a header that frames the message; more than 256 headers",
            ),
            entry("headers_out.add(name: string, value: any) -> ()", "adds one more of the name", "as above"),
            entry("headers_out.contains(name: string) -> bool", "whether it is set", ""),
        ],
    },
    Section {
        title: "HTML, JSON and URLs",
        intro: "`+` and `+=` join HTML with any value, which is escaped unless it is HTML itself.",
        entries: &[
            entry("html(text: string|html) -> html", "says that the text is HTML", ""),
            entry(
                "escape_html(value: any|html) -> string",
                "the text with `&`, `<`, `>` and quotes escaped; HTML stays as it is, `()` is empty",
                "a value that has no text",
            ),
            entry(
                "encode_url(text: string) -> string",
                "for one segment of a path, or one name or value of a query",
                "",
            ),
            entry("decode_url(text: string) -> string", "undoes it; what is not `%xx` stays", ""),
            entry(
                "to_json(value: any) -> string",
                "the value as JSON",
                "a part that JSON has no form for, with the path to it",
            ),
            entry(
                "parse_json(text: string) -> any",
                "the value of a JSON text",
                "not JSON; nested deeper than 128 levels",
            ),
            entry("json(value: any) -> string", "the same as `to_json`", "as `to_json`"),
        ],
    },
    Section {
        title: "Time, tokens and output",
        intro: "Lines that are printed stand in the log with file and line.",
        entries: &[
            entry("unix_time() -> int or unix_millis() -> int", "seconds, milliseconds since 1970", ""),
            entry(
                "random_token(bytes?: int) -> string",
                "two hexadecimal digits for each of 16 random bytes, or of `bytes`",
                "less than 16 or more than 1,024",
            ),
            entry(
                "sleep(seconds: int|float) -> ()",
                "waits, at most to the deadline, which ends the call",
                "a negative number",
            ),
            entry(
                "print() -> () or print(value: any) -> () or debug() -> () or debug(value: any) -> ()",
                "writes a line to the log",
                "a value that has no text",
            ),
            entry("timestamp() -> timestamp", "now, on a clock that is never set", ""),
            entry(
                "timestamp.elapsed[()] -> float",
                "seconds since then; two timestamps are compared and subtracted, seconds are added to one",
                "",
            ),
        ],
    },
    Section {
        title: "Any value",
        intro: "",
        entries: &[entry(
            "any.to_string() -> string or any.to_debug() -> string",
            "the value as text, as a script would write it",
            "nested too deeply, or too large",
        )],
    },
    Section {
        title: "Numbers",
        intro: "Rhai's own. An `int` has 64 bits, a `float` is a double. Values of other number types come from hosts only.",
        entries: &[
            entry(
                "(int|float).abs() -> number or (int|float).sign() -> int",
                "the absolute value; -1, 0 or 1",
                "the smallest int has no absolute value; the sign of a float that is not a number",
            ),
            entry("int.is_even[()] -> bool or int.is_odd[()] -> bool", "", ""),
            entry("(int|float).is_zero[()] -> bool", "", ""),
            entry("float.is_nan[()] -> bool or float.is_finite[()] -> bool or float.is_infinite[()] -> bool", "", ""),
            entry(
                "float.floor[()] -> float or float.ceiling[()] -> float or float.round[()] -> float or float.int[()] -> float or float.fraction[()] -> float",
                "rounded down, up, to the nearest; the whole part, the rest",
                "",
            ),
            entry(
                "float.sqrt() -> float or float.exp() -> float or float.ln() -> float or float.log() -> float or float.log(base: float) -> float",
                "square root, exponential, logarithms (`log` without a base: of base 10)",
                "",
            ),
            entry(
                "float.sin() -> float or float.cos() -> float or float.tan() -> float or float.asin() -> float or float.acos() -> float or float.atan() -> float or atan(y: float, x: float) -> float",
                "in radians",
                "",
            ),
            entry(
                "float.sinh() -> float or float.cosh() -> float or float.tanh() -> float or float.asinh() -> float or float.acosh() -> float or float.atanh() -> float",
                "",
                "",
            ),
            entry("hypot(x: float, y: float) -> float", "the square root of `x * x + y * y`", ""),
            entry("float.to_degrees() -> float or float.to_radians() -> float", "", ""),
            entry("PI() -> float or E() -> float", "", ""),
            entry("min(a: int|float, b: int|float) -> number or max(a: int|float, b: int|float) -> number", "", ""),
            entry(
                "min(a: string, b: string) -> string or max(a: string, b: string) -> string or min(a: char, b: char) -> char or max(a: char, b: char) -> char",
                "",
                "",
            ),
            entry(
                "(int|float|char).to_int() -> int or (int|float).to_float() -> float",
                "",
                "a float that no int holds",
            ),
            entry(
                "parse_int(text: string, radix?: int) -> int or parse_float(text: string) -> float",
                "",
                "not a number; a radix out of 2 to 36",
            ),
            entry("int.to_hex() -> string or int.to_octal() -> string or int.to_binary() -> string", "", ""),
            entry(
                "int.get_bit(bit: int) -> bool or int.set_bit(bit: int, on: bool) -> ()",
                "one bit; negative numbers count from the highest",
                "there is no such bit",
            ),
            entry(
                "int.get_bits(bits: range) -> int or int.get_bits(start: int, bits: int) -> int or int.set_bits(bits: range, value: int) -> () or int.set_bits(start: int, bits: int, value: int) -> ()",
                "several bits",
                "there are no such bits",
            ),
            entry(
                "int.bits[()] -> iterator or int.bits(from: int) -> iterator or int.bits(from: int, count: int) -> iterator or int.bits(bits: range) -> iterator",
                "the bits, for `for`",
                "there are no such bits",
            ),
        ],
    },
    Section {
        title: "Ranges",
        intro: "Rhai's own. `0..3` leaves out its end, `0..=3` does not.",
        entries: &[
            entry(
                "range(from: int, to: int, step?: int) -> iterator or range(from: float, to: float, step: float) -> iterator or range(range: exclusive, step: int) -> iterator",
                "numbers for `for`",
                "a step of 0, or in the wrong direction",
            ),
            entry("range.start[()] -> int or range.end[()] -> int", "", ""),
            entry("range.is_inclusive[()] -> bool or range.is_exclusive[()] -> bool", "", ""),
            entry("range.is_empty[()] -> bool or range.contains(number: int) -> bool", "", ""),
        ],
    },
    Section {
        title: "Strings",
        intro: "Rhai's own. Positions and lengths are in characters; negative positions count from the end. Positions beyond the text are its end, and raise nothing unless the table says so.",
        entries: &[
            entry("string.len[()] -> int or string.bytes[()] -> int", "characters, bytes", ""),
            entry("string.is_empty[()] -> bool", "", ""),
            entry(
                "string.contains(part: string|char) -> bool or string.starts_with(part: string|char) -> bool or string.ends_with(part: string|char) -> bool",
                "`part in text` is the same as `contains`",
                "",
            ),
            entry("string.index_of(part: string|char, from?: int) -> int", "where it is; -1 if it is not there", ""),
            entry(
                "string.get(at: int) -> any or string.set(at: int, char: char) -> ()",
                "one character; beyond the end, `get` returns `()` and `set` does nothing",
                "",
            ),
            entry(
                "string.sub_string(from: int, length?: int) -> string or string.sub_string(range: range) -> string",
                "a part",
                "",
            ),
            entry(
                "string.crop(from: int, length?: int) -> () or string.crop(range: range) -> ()",
                "leaves only a part",
                "",
            ),
            entry(
                "string.split() -> array or string.split(at: int) -> array or string.split(by: string|char, most?: int) -> array or string.split_rev(by: string|char, most?: int) -> array",
                "the parts between white space; both sides of a position; the parts between `by`, from the left or from the right",
                "more than an array may have",
            ),
            entry("string.trim() -> ()", "removes white space at both ends, in place", ""),
            entry("(string|char).to_upper() -> same or (string|char).to_lower() -> same", "in the other case", ""),
            entry("(string|char).make_upper() -> () or (string|char).make_lower() -> ()", "the same in place", ""),
            entry(
                "string.replace(from: string|char, to: string|char) -> () or string.remove(part: string|char) -> ()",
                "changes, or takes out, every place, in place",
                "longer than the limits allow",
            ),
            entry("string.append(value: any|blob) -> ()", "adds at the end", "longer than the limits allow"),
            entry(
                "string.pad(length: int, by: string|char) -> ()",
                "makes it as long as `length`",
                "longer than the limits allow",
            ),
            entry("string.truncate(length: int) -> () or string.clear() -> ()", "", ""),
            entry(
                "string.pop() -> any or string.pop(count: int) -> string",
                "takes off the last character, or characters",
                "",
            ),
            entry(
                "string.chars[()] -> iterator or string.chars(from: int, count?: int) -> iterator or string.chars(range: range) -> iterator",
                "the characters, for `for`",
                "",
            ),
            entry(
                "string.to_chars() -> array or string.to_blob() -> blob",
                "characters, bytes",
                "more than an array may have",
            ),
        ],
    },
    Section {
        title: "Arrays",
        intro: "Rhai's own. A function is also taken by its name, as a string, where the table says `string`. Negative positions count from the end.",
        entries: &[
            entry("array.len[()] -> int or array.is_empty[()] -> bool", "", ""),
            entry(
                "array.get(at: int) -> any or array.set(at: int, value: any) -> ()",
                "one item; beyond the end, `get` returns `()` and `set` does nothing, while `array[at]` raises",
                "",
            ),
            entry(
                "array.push(value: any) -> () or array.append(items: array) -> () or array.insert(at: int, value: any) -> ()",
                "adds",
                "longer than the limits allow",
            ),
            entry(
                "array.pop() -> any or array.shift() -> any or array.remove(at: int) -> any",
                "takes out the last, the first, one; `()` if it is not there",
                "",
            ),
            entry(
                "array.contains(value: any) -> bool or array.index_of(value: any, from?: int) -> int",
                "`value in array` is the same as `contains`; -1 if it is not there",
                "",
            ),
            entry(
                "array.index_of(is: function|string, from?: int) -> int or array.find(is: function, from?: int) -> any or array.find_map(f: function, from?: int) -> any",
                "the first for which the function returns true, or not `()`",
                "what the function raises",
            ),
            entry(
                "array.some(is: function|string) -> bool or array.all(is: function|string) -> bool",
                "",
                "what the function raises",
            ),
            entry(
                "array.map(f: function|string) -> array or array.filter(is: function|string) -> array or array.for_each(f: function) -> ()",
                "`for_each` has the item as `this`",
                "what the function raises",
            ),
            entry(
                "array.reduce(f: function|string, start?: any) -> any or array.reduce_rev(f: function|string, start?: any) -> any",
                "from the left, from the right",
                "what the function raises",
            ),
            entry(
                "array.zip(other: array, f: function) -> array",
                "what `f` makes of the items of both",
                "what the function raises",
            ),
            entry(
                "array.sort() -> () or array.sort_desc() -> () or array.sort(by: function|string) -> () or array.sort_by(by: function) -> ()",
                "sorts in place and stably; `by` returns a number or a bool",
                "items that have no order; what `by` raises: then nothing is changed",
            ),
            entry(
                "array.order() -> array or array.order_desc() -> array or array.order(by: function) -> array or array.order_by(by: function) -> array",
                "a sorted copy",
                "as `sort`",
            ),
            entry(
                "array.dedup() -> () or array.dedup(same: function|string) -> ()",
                "removes an item that equals the one before it",
                "what the function raises",
            ),
            entry("array.reverse() -> ()", "", ""),
            entry(
                "array.drain(which: function|string|range) -> array or array.drain(from: int, count: int) -> array or array.retain(which: function|string|range) -> array or array.retain(from: int, count: int) -> array",
                "takes out, or keeps, what is meant; returns the items taken out",
                "what the function raises",
            ),
            entry(
                "array.extract(range: range) -> array or array.extract(from: int, count?: int) -> array",
                "a copy of a part",
                "",
            ),
            entry(
                "array.splice(range: range, items: array) -> () or array.splice(from: int, count: int, items: array) -> ()",
                "puts items in the place of a part",
                "longer than the limits allow",
            ),
            entry("array.split(at: int) -> array", "takes off what follows the position", ""),
            entry(
                "array.pad(length: int, value: any) -> ()",
                "makes it as long as `length`",
                "longer than the limits allow",
            ),
            entry(
                "array.truncate(length: int) -> () or array.chop(length: int) -> () or array.clear() -> ()",
                "leaves the first items, the last ones, none",
                "",
            ),
        ],
    },
    Section {
        title: "Maps",
        intro: "Rhai's own. `map.name` and `map[\"name\"]` are the value; `()` if there is none.",
        entries: &[
            entry(
                "map.len() -> int or map.is_empty() -> bool or map.contains(key: string) -> bool",
                "`key in map` is the same as `contains`",
                "",
            ),
            entry(
                "map.get(key: string) -> any or map.set(key: string, value: any) -> () or map.remove(key: string) -> any",
                "",
                "more than the limits allow",
            ),
            entry("map.keys() -> array or map.values() -> array", "", "more than an array may have"),
            entry(
                "map.mixin(other: map) -> () or map.fill_with(other: map) -> ()",
                "adds the entries of `other`, all or those that are missing",
                "more than the limits allow",
            ),
            entry("map.map(f: function) -> map or map.filter(is: function) -> map", "", "what the function raises"),
            entry(
                "map.drain(which: function) -> map or map.retain(which: function) -> map",
                "takes out, or keeps; returns the entries taken out",
                "what the function raises: then nothing is taken out",
            ),
            entry("map.clear() -> ()", "", ""),
            entry("map.to_json() -> string or map.json() -> string", "the same as `to_json(map)`", "as `to_json`"),
        ],
    },
    Section {
        title: "Blobs",
        intro: "Rhai's own: bytes. Numbers are read and written in little endian (`le`) or big endian (`be`).",
        entries: &[
            entry("blob(length?: int, byte?: int) -> blob", "", "longer than the limits allow"),
            entry("blob.len[()] -> int or blob.is_empty[()] -> bool or blob.contains(byte: int) -> bool", "", ""),
            entry("blob.get(at: int) -> int or blob.set(at: int, byte: int) -> ()", "", ""),
            entry(
                "blob.push(byte: int) -> () or blob.append(value: int|blob|string|char) -> () or blob.insert(at: int, byte: int) -> ()",
                "",
                "longer than the limits allow",
            ),
            entry("blob.pop() -> int or blob.shift() -> int or blob.remove(at: int) -> int", "", ""),
            entry(
                "blob.as_string() -> string or blob.to_array() -> array",
                "as text (what is not UTF-8 is replaced), as an array of numbers",
                "",
            ),
            entry(
                "blob.reverse() -> () or blob.clear() -> () or blob.truncate(length: int) -> () or blob.chop(length: int) -> () or blob.split(at: int) -> blob",
                "as for arrays",
                "",
            ),
            entry("blob.pad(length: int, byte: int) -> ()", "", "longer than the limits allow"),
            entry(
                "blob.drain(range: range) -> blob or blob.drain(from: int, count: int) -> blob or blob.retain(range: range) -> blob or blob.retain(from: int, count: int) -> blob",
                "",
                "",
            ),
            entry("blob.extract(range: range) -> blob or blob.extract(from: int, count?: int) -> blob", "", ""),
            entry(
                "blob.splice(range: range, bytes: blob) -> () or blob.splice(from: int, count: int, bytes: blob) -> ()",
                "",
                "longer than the limits allow",
            ),
            entry(
                "blob.parse_le_int(range: range) -> int or blob.parse_le_int(from: int, count: int) -> int or blob.parse_be_int(range: range) -> int or blob.parse_be_int(from: int, count: int) -> int",
                "",
                "",
            ),
            entry(
                "blob.parse_le_float(range: range) -> float or blob.parse_le_float(from: int, count: int) -> float or blob.parse_be_float(range: range) -> float or blob.parse_be_float(from: int, count: int) -> float",
                "",
                "",
            ),
            entry(
                "blob.write_le(range: range, number: int|float) -> () or blob.write_le(from: int, count: int, number: int|float) -> () or blob.write_be(range: range, number: int|float) -> () or blob.write_be(from: int, count: int, number: int|float) -> ()",
                "",
                "",
            ),
            entry(
                "blob.write_utf8(range: range, text: string) -> () or blob.write_utf8(from: int, count: int, text: string) -> () or blob.write_ascii(range: range, text: string) -> () or blob.write_ascii(from: int, count: int, text: string) -> ()",
                "",
                "",
            ),
        ],
    },
    Section {
        title: "The rest",
        intro: "`eval` does not exist: a script that names it is refused.",
        entries: &[
            entry("exit() -> () or exit(value: any) -> ()", "", "always"),
            entry(
                "get_fn_metadata_list() -> array or get_fn_metadata_list(name: string) -> array or get_fn_metadata_list(name: string, parameters: int) -> array",
                "Rhai's description of the module's own functions",
                "",
            ),
        ],
    },
];
