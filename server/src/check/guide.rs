//! The page "Configuration" of the guide, made from the table of directives, so that the two cannot differ.

use std::fmt::Write as _;

use samovar_config::{ANYWHERE, Contexts, DIRECTORY, Directive, HOST, Merge, SERVER, VARIABLES};

use crate::{check::findings::FINDINGS, settings::directives::schema};

/// The page, as Markdown.
#[must_use]
pub fn guide() -> String {
    let schema = schema();
    let names = VARIABLES.map(|name| format!("`{name}`")).join(", ");
    let mut out = BEGINNING.replace("{VARIABLES}", &names);
    out.push_str("\n## Directives\n\n| directive | arguments | where | default |\n|---|---|---|---|\n");
    for directive in schema.iter() {
        let name = directive.name();
        let synopsis = directive.synopsis();
        let arguments = cell(synopsis[name.len()..].trim());
        let (place, default) = (short(directive.contexts()), default(directive));
        let _ = writeln!(out, "| [{name}](#{}) | {arguments} | {place} | {default} |", name.to_ascii_lowercase());
    }
    for directive in schema.iter() {
        section(&mut out, directive);
    }
    out.push_str(MERGING);
    out.push_str(CHECK);
    for (code, text) in FINDINGS {
        let kind = if code.id().starts_with('E') { "error" } else { "warning" };
        let _ = write!(out, "\n### {} {}\n\n*{kind}* · {text}\n", code.id(), code.slug());
    }
    out
}

fn section(out: &mut String, directive: &Directive) {
    let _ = write!(out, "\n### {}\n\n", directive.name());
    let mut purpose = directive.purpose().to_owned();
    if let Some(first) = purpose.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let _ = writeln!(out, "{purpose}.\n\n```\n{}\n```\n", directive.synopsis());
    let parameters = directive.parameters().filter(|parameter| parameter.expects() != "expected a text");
    for parameter in parameters {
        let expects = parameter.expects();
        let expects = expects.strip_prefix("expected ").unwrap_or(&expects);
        let _ = writeln!(out, "- `{}`: {expects}", parameter.name());
    }
    let _ = writeln!(out, "- Where: {}", directive.contexts());
    let _ = writeln!(out, "- Default: {}", default(directive));
    let _ = writeln!(out, "- Merging: {}", merging(directive.merge()));
    if !directive.details().is_empty() {
        let _ = write!(out, "\n{}\n", directive.details());
    }
}

/// FindingCode in a table, where a bar would end the cell.
fn cell(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

fn default(directive: &Directive) -> String {
    match directive.default_arguments() {
        [] => "none".to_owned(),
        texts => format!("`{}`", texts.join(" ")),
    }
}

fn short(contexts: Contexts) -> &'static str {
    match contexts {
        ANYWHERE => "everywhere",
        SERVER => "server",
        HOST => "virtual host",
        DIRECTORY => "section",
        contexts if contexts == SERVER | HOST => "server, virtual host",
        _ => "sections",
    }
}

fn merging(merge: Merge) -> &'static str {
    match merge {
        Merge::Innermost => "the innermost value holds",
        Merge::Replace => "all lines of the innermost section that has any hold together",
        Merge::Accumulate => "all lines hold, outermost first",
        Merge::PerKey => "for each key the innermost value holds; an empty or absent value deletes the key",
        Merge::PerKeyTighten(_) => "for each key the smaller value holds: an inner section may tighten, not loosen",
        Merge::ReplaceKeyed(_) => {
            "for each extension, and for lines without one, all lines of the innermost section that has any hold together"
        }
        Merge::Custom(_) => "by a rule of its own",
    }
}

const BEGINNING: &str = r#"# Configuration

<!-- Made from the table of directives: `UPDATE=1 cargo test -p samovar guide`. -->

The language is that of Apache httpd: one directive a line, sections for hosts, directories, files and URLs. A directory is
served without any configuration; with a `samovar.conf` in it, that is its configuration.

```
Listen 8080
DocumentRoot public
SetHandler rhai

<Location /admin>
    RhaiAuthenHandler auth::who
    RhaiLimit time 500
</Location>
```

`samovar check PATH` says everything that is wrong with it. `samovar explain URL --site PATH` says, for one URL, every value
that holds, the line that it comes from, and which sections matched; `--host`, `--method` and `--header` say more of the request.

When a configuration file changes, on a hang-up signal, and on `samovar reload`, everything is read, checked and preloaded first; then
all of it holds at once. Any error keeps what runs, and is logged. Requests end under the configuration with which they began. Interpreters
stay, with their state; only lines of `RhaiImport` that are new run; what is frozen stays frozen. Sockets that stay refuse no connection.

What holds is never lost by accident:

- Once a site has a configuration, one that is gone is an error, and so is a file of it that has become empty (a comment says that nothing is
  meant). Only a directory that was served without `samovar.conf` begins without; the log says when a first one appears, and takes it up. Whoever
  names the file itself, `samovar serve site/samovar.conf`, is told that it is missing at the start, too.
- A file that somebody is still writing is taken up when it is closed. `samovar reload` and a hang-up signal do not wait for that.
- `Include` of a file that is gone is an error. What `IncludeOptional` or a wildcard named may be missing: when it has been gone for two seconds,
  the configuration holds without it. So name by `Include` what must not be missing, such as who is let in.
- A directory that is there and cannot be read is an error, also for `IncludeOptional`.

What belongs to the server itself is served to nobody, whatever its name and whichever links lead to it: every file that was read as configuration (also for one
that was refused), the logs with those that were rotated away (`access.log.1`), the control socket. `samovar check` warns of those that lie
below a document root.

## The language

- Names of directives and sections are the same in upper and lower case. `#` begins a comment at the start of a line only. A `\` as the very
  last character continues the line.
- Arguments are split at white space; "double" and 'single' quotes keep it, with `\"` and `\\` inside.
- `Include file` and `IncludeOptional file` take wildcards, in alphabetical order. `Define NAME value` is used as `${NAME}`, as are variables of the
  environment; `-D NAME` on the command line defines one, for `<IfDefine NAME>`. `<IfModule name>` holds for `rhai_module` (`mod_rhai.c`) only:
  what other modules of httpd take is skipped.
- Relative paths start at `ServerRoot`, which is the directory of the file unless it is set.

## Sections

| section | holds for |
|---|---|
| `<VirtualHost address:port ..>` | requests that came in there and ask for its `ServerName` or a `ServerAlias`; the first one is the default |
| `<Directory path>`, `<Directory ~ regex>`, `<DirectoryMatch regex>` | files below a directory; with wildcards |
| `<Files name>`, `<Files ~ regex>`, `<FilesMatch regex>` | files of that name; may stand in `<Directory>` |
| `<Location url>`, `<Location ~ regex>`, `<LocationMatch regex>` | paths of URLs: `/foo` is `/foo` and `/foo/x`, not `/foobar` |
| `<IfDefine NAME>`, `<IfDefine !NAME>`, `<IfModule name>` | what stands in them, if the condition holds while the file is read |
| `<If "expression">`, `<ElseIf "expression">`, `<Else>` | requests for which the expression is true, or none before it was; may stand in every other section, and then hold within it |

The expressions of `<If>` are a part of httpd's. Where they ask for something that is not known here, that is an error.

- Words: `'text'`, `"text"`, numbers, `%{NAME}` (in texts as well), `%{HTTP:Name}` or `req('Name')` for a header, `tolower(word)`, `toupper(word)`;
  `word . word` joins.
- Texts are compared with `==`, `!=`, `<`, `<=`, `>`, `>=`; numbers with `-eq`, `-ne`, `-lt`, `-le`, `-gt`, `-ge`.
- `word =~ /regex/i` and `word !~ m#regex#`; `word -strmatch 'a*'`, without regard to case `-strcmatch`, and `-fnmatch`, whose wildcards leave out `/`;
  `word in { 'a', 'b' }`; `word -ipmatch '10.0.0.0/8'`.
- `-n word` (not empty), `-z word` (empty), `-T word` (none of nothing, `0`, `off`, `false`, `no`), `-R '10.0.0.0/8'` (the client's address).
- `true`, `false`, `!`, `&&`, `||` and parentheses.
- Names: {VARIABLES}.
  `REMOTE_USER` is empty, since nobody has looked yet who asks.

A page that answers for a directory, as `index.html` does for `/a/`, is governed by what holds for its own URL, `/a/index.html` (of a script: `/a/index`), as if httpd had
redirected to it: handlers, limits, options, and what `<If>` sees as `REQUEST_URI`. What holds for `/a/` of the phases before the answer comes first, with its own
options; where the same sections hold for both, nobody is asked twice. Scripts see the URL that was asked for in `req.path`. `samovar explain /a/` shows both.

A section is matched before the file of a directory is chosen, so `DirectoryIndex` has no effect in `<If>` unless that asks for the path or the file alone.

## Phases

A request passes through the functions of its phases in this order. Each takes `req`.

| directive | functions run until | if all decline |
|---|---|---|
| `RhaiAccessHandler` | one ends the request | the request goes on |
| `RhaiAuthenHandler` | one returns `OK`, or ends the request | 500 |
| `RhaiAuthzHandler` | one returns `OK`, or ends the request | 500 |
| `RhaiFixupHandler` | one ends the request | the request goes on |
| `RhaiHandler` | one does not return `DECLINED` | a file is served, or 404 |
| `RhaiLogHandler` | one returns neither `OK` nor `DECLINED` | |
| `RhaiCleanupHandler` | all run | |

`OK`, `DECLINED` and `DONE` are constants in every script. `DONE` ends the request with what was written so far; a number is a status that ends it with
that; any other answer ends it as that of a handler would, and so does a status or an answer that is thrown. Returning
nothing is `OK` in the fixup, log and cleanup phases; in the phases that decide it is an error, since a decision that was forgotten is not a yes. The log and
cleanup phases run when the answer was sent, or when the client has gone, and see its status as `req.status`. Between the two runs what scripts left to
`req.on_finish`. They have threads of their own: no request waits for them.
"#;

const CHECK: &str = r#"
## Findings

`samovar check` prints them with file, line and column, and ends with 1 if there is an error, with `--deny warnings` also if there is a warning. It runs
no script. What it looks into are the scripts that URLs, lines of the configuration and literal imports lead to: whatever the server would refuse
when it loads them is an error, at the place in the script. So it can stand before a deployment:

```
samovar check site && rsync -a --delete site/ server:/srv/site/
```

`--format json` is a list for programs, `--format github` the workflow commands with which GitHub shows each finding beside its line. Imports with
computed names, and what a module puts into `__mp_path__`, are only known when scripts run.
"#;

const MERGING: &str = r"
## Which value holds

1. The virtual host, by address and by the `Host` header. What stands in it is laid over what stands outside all sections.
2. The sections that match, in httpd's order: `<Directory>` without regular expressions, the one with the fewest components first; then those with
   regular expressions; `<Files>`; `<Location>`; `<If>`, in the order of the sections in which they stand. Within each group they are taken in the order of the file. The directories of a virtual host are sorted in
   among those of the main server and win ties; of the other groups the virtual host's come last.
3. The URL is decoded and normalised once, before anything is matched; scripts see the same path.

What is merged later is the inner one. How two values become one stands with each directive.
";

#[cfg(test)]
mod tests {
    use samovar_config::FindingCode;

    use super::*;

    #[test]
    fn the_guide_says_what_the_table_says() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/configuration.md");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, guide()).expect("a writable folder");
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(written == guide(), "docs/configuration.md is out of date: UPDATE=1 cargo test -p samovar guide");
    }

    #[test]
    fn every_kind_of_finding_is_explained_and_nothing_else() {
        let explained: Vec<&str> = FINDINGS.iter().map(|(code, _)| code.id()).collect();
        let mut known: Vec<&str> =
            FindingCode::ALL.iter().chain(crate::check::findings::CODES).map(|code| code.id()).collect();
        known.sort_unstable();
        assert_eq!(explained, known);
    }

    #[test]
    fn every_directive_says_what_it_is_for() {
        for directive in schema().iter() {
            assert!(!directive.purpose().is_empty(), "{}", directive.name());
        }
    }
}
