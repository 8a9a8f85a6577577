//! A configuration that was read without errors.

use std::net::SocketAddr;
use std::sync::Arc;

use crate::declare::declared::Declared;
use crate::expand::preprocessor;
use crate::resolve::host_resolver::HostResolver;
use crate::resolve::hosts::{Hosts, bare_name, server_name};
use crate::resolve::query::{Asked, Query};
use crate::resolve::resolved::Resolved;
use crate::resolve::trace::Trace;
use crate::schema::key::Key;
use crate::schema::lines::Line;
use crate::schema::merge::Held;
use crate::schema::shape::Shape;
use crate::schema::{DirectiveId, Schema};
use crate::section::Section;
use crate::section::expression::Facts;
use crate::section::host_address::HostAddress;
use crate::section::pattern::host_matches;

/// A configuration that was read without errors. [`Reader::read`](crate::Reader::read) returns it.
///
/// It never changes, and many threads can use it at once.
#[derive(Debug)]
pub struct Config {
    schema: Arc<Schema>,
    declared: Declared,
    main: HostResolver,
    hosts: Vec<HostResolver>,
    /// The names of each host.
    names: Vec<Vec<String>>,
    choice: Hosts,
}

/// A virtual host or the main server.
#[derive(Debug, Clone, Copy)]
pub struct Host<'c> {
    index: Option<usize>,
    declared: &'c Declared,
    resolver: &'c HostResolver,
    names: &'c [String],
}

impl Config {
    pub(crate) fn new(schema: Arc<Schema>, declared: Declared) -> Self {
        let main = HostResolver::new(Arc::clone(&schema), &declared, None);
        let resolver = |host: &Declared| HostResolver::new(Arc::clone(&schema), &declared, Some(host));
        let hosts = declared.hosts.iter().map(resolver).collect();
        let names: Vec<Vec<String>> = declared.hosts.iter().map(|host| host_names(&schema, host)).collect();
        let mut choice = Hosts::default();
        for (index, (host, names)) in declared.hosts.iter().zip(&names).enumerate() {
            choice.push(index, &host.addresses, names);
        }
        Self { schema, declared, main, hosts, names, choice }
    }

    /// Returns the settings that hold for a request. A second call for which the same sections match allocates nothing.
    #[must_use]
    pub fn resolve(&self, query: &Query<'_>) -> Arc<Resolved> {
        let Query { host, path, filename, .. } = *query;
        self.resolve_for(query, &Asked { host, path, filename })
    }

    /// As [`resolve`](Self::resolve), with facts about the request for the conditions of `<If>`.
    #[must_use]
    pub fn resolve_for(&self, query: &Query<'_>, facts: &dyn Facts) -> Arc<Resolved> {
        self.scope_for(query.address, query.host).resolve(query.path, query.filename, query.exact, facts)
    }

    /// Returns the settings that hold for a request, with every section and whether it matched. Slow: meant for people who ask why.
    #[must_use]
    pub fn trace(&self, query: &Query<'_>) -> Trace {
        let Query { host, path, filename, .. } = *query;
        self.trace_for(query, &Asked { host, path, filename })
    }

    /// As [`trace`](Self::trace), with facts about the request for the conditions of `<If>`.
    #[must_use]
    pub fn trace_for(&self, query: &Query<'_>, facts: &dyn Facts) -> Trace {
        let host = self.host_for(query.address, query.host);
        Trace::new(host.section(), host.resolver, query, facts)
    }

    /// Returns the main server: everything outside of `<VirtualHost>`.
    #[must_use]
    pub fn main(&self) -> Host<'_> {
        Host { index: None, declared: &self.declared, resolver: &self.main, names: &[] }
    }

    /// Returns the virtual hosts, in the order of the file.
    pub fn hosts(&self) -> impl Iterator<Item = Host<'_>> {
        (0..self.hosts.len()).filter_map(|index| self.host(index))
    }

    /// Returns the host that answers at a local address for a `Host` header.
    #[must_use]
    pub fn host_for(&self, address: SocketAddr, name: Option<&str>) -> Host<'_> {
        let chosen = self.choice.choose(address, name);
        chosen.and_then(|index| self.host(index)).unwrap_or_else(|| self.main())
    }

    /// Returns a virtual host by its index in the order of the file.
    #[must_use]
    pub fn host(&self, index: usize) -> Option<Host<'_>> {
        let (declared, resolver, names) =
            (self.declared.hosts.get(index)?, self.hosts.get(index)?, self.names.get(index)?.as_slice());
        Some(Host { index: Some(index), declared, resolver, names })
    }

    /// Returns every line of a directive in the whole configuration, whether or not any request can reach it. A line with
    /// several keys is returned once for each.
    ///
    /// # Panics
    /// If the key is not in the schema.
    #[track_caller]
    pub fn lines<T: Shape>(&self, key: Key<T>) -> impl Iterator<Item = Line<'_, T::Value>> {
        let wanted = self.schema.of(key);
        let found = self.held().filter(move |(id, _)| *id == wanted);
        found.map(|(_, held)| Line::new(held.key.as_deref(), &held.setting))
    }

    /// All settings, section by section.
    fn held(&self) -> impl Iterator<Item = (DirectiveId, &Held)> {
        let servers = std::iter::once(&self.declared).chain(&self.declared.hosts);
        let settings = servers.flat_map(|server| {
            let sections = server.directories.iter().chain(&server.files).chain(&server.locations);
            let nested = server.directories.iter().flat_map(|directory| &directory.files);
            let around = sections.chain(nested);
            let conditions = server.conditions.iter().chain(around.clone().flat_map(|section| &section.conditions));
            let in_sections = around.chain(conditions).flat_map(|section| &section.settings);
            server.settings.iter().chain(in_sections)
        });
        settings.flat_map(|(id, held)| held.iter().map(|held| (*id, held)))
    }

    fn scope_for(&self, address: SocketAddr, name: Option<&str>) -> &HostResolver {
        self.choice.choose(address, name).and_then(|index| self.hosts.get(index)).unwrap_or(&self.main)
    }
}

impl<'c> Host<'c> {
    /// Returns the `<VirtualHost>` section, or the main server.
    #[must_use]
    pub fn section(&self) -> &'c Arc<Section> {
        &self.declared.head
    }

    /// Returns the addresses of the `<VirtualHost>`; the main server has none.
    #[must_use]
    pub fn addresses(&self) -> &'c [HostAddress] {
        &self.declared.addresses
    }

    /// Returns the names that it answers to, with wildcards; the main server has none.
    pub fn names(&self) -> impl Iterator<Item = &'c str> + use<'c> {
        self.names.iter().map(String::as_str)
    }

    /// Returns whether it answers to this name, which may have a port.
    #[must_use]
    pub fn answers_to(&self, name: &str) -> bool {
        self.names().any(|known| host_matches(known, bare_name(name)))
    }

    /// Returns its index in the order of the file; `None` for the main server.
    #[must_use]
    pub fn index(&self) -> Option<usize> {
        self.index
    }

    /// Returns the settings that hold for a request that this host answers. See [`Query`] for the arguments.
    #[must_use]
    pub fn resolve(&self, path: &str, filename: Option<&str>, exact: bool) -> Arc<Resolved> {
        self.resolve_for(path, filename, exact, &Asked { host: None, path, filename })
    }

    /// As [`resolve`](Self::resolve), with facts about the request for the conditions of `<If>`.
    #[must_use]
    pub fn resolve_for(&self, path: &str, filename: Option<&str>, exact: bool, facts: &dyn Facts) -> Arc<Resolved> {
        self.resolver.resolve(path, filename, exact, facts)
    }

    /// Returns the settings that hold outside of all sections.
    #[must_use]
    pub fn settings(&self) -> Arc<Resolved> {
        self.resolver.merged(&[])
    }

    /// Returns its sections and those of the main server in the order of merging, each with the settings that would hold if
    /// only this section matched.
    pub fn sections(&self) -> impl Iterator<Item = (&'c Arc<Section>, Arc<Resolved>)> + use<'c> {
        let resolver = self.resolver;
        let sections = resolver.layout().sections().iter().zip(0..);
        sections.map(move |(section, rank)| (&section.head, resolver.merged(&[rank])))
    }
}

/// The names that a host answers to.
pub(crate) fn host_names(schema: &Schema, host: &Declared) -> Vec<String> {
    let texts = |name: &str| -> Vec<String> {
        let id = schema.id(name);
        let held = host.settings.iter().filter(|(other, _)| Some(*other) == id).flat_map(|(_, held)| held);
        held.flat_map(|held| held.setting.texts()).map(str::to_owned).collect()
    };
    let own = texts(preprocessor::SERVER_NAME);
    own.iter().map(|name| server_name(name).to_owned()).chain(texts(preprocessor::SERVER_ALIAS)).collect()
}
