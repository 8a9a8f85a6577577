//! Signatures as the table writes them, and the forms that the engine has for each.

/// `receiver.name(parameter: type) -> type`.
pub(super) struct Signature {
    /// As the engine calls it: `get$len` is a property that is read.
    pub(super) name: String,
    /// The types of the receiver, if there is one, and of the parameters, each with those that may stand there.
    types: Vec<Vec<String>>,
    /// So many of them must be given.
    required: usize,
}

impl Signature {
    /// # Panics
    /// It is not written as it should be.
    pub(super) fn parse(text: &str) -> Self {
        let text = text.trim();
        let (call, assigned) = match text.split_once(" = ") {
            Some((call, kind)) => (call, Some(kind)),
            None => (text.rsplit_once(" -> ").unwrap_or_else(|| panic!("{text}: what it returns")).0, None),
        };
        if let Some((receiver, key)) = call.strip_suffix(']').and_then(|call| call.split_once('[')) {
            let name = if assigned.is_some() { "index$set$" } else { "index$get$" };
            return Self::of(name, [receiver, kind_of(key)].into_iter().chain(assigned));
        }
        let (path, parameters) = match call.strip_suffix(')').and_then(|call| call.rsplit_once('(')) {
            Some((path, parameters)) => (path, Some(parameters)),
            None => (call, None),
        };
        let (receiver, name) = path.rsplit_once('.').map_or((None, path), |(receiver, name)| (Some(receiver), name));
        let Some(parameters) = parameters else {
            let name = match (receiver, assigned) {
                (None, _) => name.to_owned(),
                (Some(_), None) => format!("get${name}"),
                (Some(_), Some(_)) => format!("set${name}"),
            };
            return Self::of(&name, receiver.into_iter().chain(assigned));
        };
        let parameters: Vec<_> = parameters.split(", ").filter(|parameter| !matches!(*parameter, "" | "..")).collect();
        let optional = parameters.iter().filter(|parameter| parameter.contains("?:")).count();
        let mut signature = Self::of(name, receiver.into_iter().chain(parameters.iter().map(|it| kind_of(it))));
        signature.required -= optional;
        signature
    }

    fn of<'a>(name: &str, kinds: impl IntoIterator<Item = &'a str>) -> Self {
        let types: Vec<Vec<String>> = kinds.into_iter().map(types).collect();
        Self { name: name.to_owned(), required: types.len(), types }
    }

    /// How many arguments it may be given, the receiver included.
    pub(super) fn arities(&self) -> std::ops::RangeInclusive<usize> {
        self.required..=self.types.len()
    }

    /// `name(type, type)`, once for each choice of types.
    pub(super) fn forms(&self) -> Vec<String> {
        let mut forms = Vec::new();
        for given in self.arities() {
            let mut lists = vec![String::new()];
            for types in &self.types[..given] {
                let longer = |list: &String, kind: &String| match list.is_empty() {
                    true => kind.clone(),
                    false => format!("{list}, {kind}"),
                };
                lists = lists.iter().flat_map(|list| types.iter().map(move |kind| longer(list, kind))).collect();
            }
            forms.extend(lists.iter().map(|list| format!("{}({list})", self.name)));
        }
        forms
    }
}

/// The type of `name: type`.
fn kind_of(parameter: &str) -> &str {
    parameter.split_once(": ").unwrap_or_else(|| panic!("{parameter}: its type")).1
}

/// The types that a word of the table stands for.
fn types(kind: &str) -> Vec<String> {
    let words = kind.trim_matches(['(', ')']).split('|');
    let all = words.flat_map(|word| match word {
        "range" => vec!["range", "range="],
        "exclusive" => vec!["range"],
        word => vec![word],
    });
    all.map(str::to_owned).collect()
}

#[test]
fn a_signature_has_the_forms_of_the_engine() {
    for (text, forms) in [
        ("table.get(key: any) -> any", "get(table, any)"),
        (
            "array.index_of(is: function|string, from?: int) -> int",
            "index_of(array, function) index_of(array, string) index_of(array, function, int) index_of(array, string, int)",
        ),
        ("cell.value = any", "set$value(cell, any)"),
        ("table[key: any] = any", "index$set$(table, any, any)"),
        ("(int|float).is_zero -> bool", "get$is_zero(int) get$is_zero(float)"),
        ("importer::is_frozen() -> bool", "importer::is_frozen()"),
        ("OK -> int", "OK()"),
    ] {
        assert_eq!(Signature::parse(text).forms().join(" "), forms, "{text}");
    }
}
