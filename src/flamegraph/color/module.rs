//! The module of a function, as far as its name tells: a crate, namespace, package, library or file.

use super::super::frames::without_annotation;

/// The module of code of the kernel.
pub(super) const KERNEL: &str = "kernel";

/// The module of a function; `None` if its name does not tell.
pub(in crate::flamegraph) fn module_of(name: &str) -> Option<&str> {
    if name.ends_with("_[k]") {
        return Some(KERNEL);
    }
    let name = without_annotation(name);
    if let Some((module, _)) = name.split_once('`') {
        return library_of(module).or(Some(module));
    }
    if let Some(library) = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
    {
        return library_of(library);
    }
    if is_objective_c(name) {
        return name
            .get(2..)
            .and_then(|class| until(class, [' ', '(', ']']));
    }
    if let Some(namespace) = namespace_of(name) {
        return Some(namespace);
    }
    if let Some(path) = path_in(name) {
        return module_of_path(path);
    }
    module_of_symbol(name).or_else(|| package_of(without_suffixes(name)))
}

/// `[libc.so.6]` without its version; not `[unknown]`, but the kernel.
fn library_of(name: &str) -> Option<&str> {
    match name.split_once(".so") {
        Some((library, _)) => Some(library),
        None if name.starts_with("kernel") => Some(KERNEL),
        None => None,
    }
}

fn is_objective_c(name: &str) -> bool {
    name.starts_with("-[") || name.starts_with("+[")
}

/// The part before any of `ends`, unless it is empty.
fn until<const N: usize>(text: &str, ends: [char; N]) -> Option<&str> {
    let part = text.split(ends).next()?;
    (!part.is_empty()).then_some(part)
}

/// The namespace of a function in PHP, without more than a package: `Shop` of `Shop\cart`,
/// `Symfony\Console` of `Symfony\Console\Style\Table->render`.
fn namespace_of(name: &str) -> Option<&str> {
    const PARTS: usize = 2;
    let is_word = |part: &&str| {
        let mut characters = part.chars();
        !part.is_empty() && characters.all(|c| c.is_alphanumeric() || c == '_')
    };
    let name = name.strip_prefix("{closure:").unwrap_or(name);
    let (parents, _) = name.split_at(name.rfind('\\')?);
    let words = parents.split('\\').take_while(is_word).take(PARTS);
    let length: usize = words.map(|word| word.len() + 1).sum();
    (length > 0).then(|| &name[..length - 1])
}

/// The path of the source file in a name: `f (a/b.js:1)`, `f /a/b.js:1`, `a/b.py:f`, `node:fs`.
fn path_in(name: &str) -> Option<&str> {
    const SOURCES: [&str; 9] = [
        ".js", ".mjs", ".cjs", ".ts", ".tsx", ".py", ".rb", ".php", ".lua",
    ];
    let is_source = |word: &&str| {
        let is_file = SOURCES.iter().any(|ending| match word.find(ending) {
            Some(at) => !word[at + ending.len()..].starts_with(|c: char| c.is_ascii_alphanumeric()),
            None => false,
        });
        is_file || word.starts_with("node:")
    };
    if let Some(at) = name.find("<frozen ") {
        return Some(&name[at..]);
    }
    // Most names are not of scripts.
    let may_have_path = name.contains('.') || name.contains("node:");
    let mut words = name.split([' ', '(', ')']).filter(|_| may_have_path);
    words.find(is_source)
}

/// The package that a source file belongs to, or else its directory, or the file itself.
fn module_of_path(path: &str) -> Option<&str> {
    if path.starts_with("node:") {
        return Some("node");
    }
    if path.starts_with("<frozen ") {
        return Some("python");
    }
    for directory in ["node_modules/", "site-packages/", "dist-packages/"] {
        if let Some((_, package)) = path.rsplit_once(directory) {
            return package_of_path(package);
        }
    }
    if path.contains("/lib/python") {
        return Some("python");
    }
    let file = path
        .split(':')
        .find(|part| part.contains('.'))
        .unwrap_or(path);
    const SEPARATORS: [char; 2] = ['/', '\\'];
    match file.rsplit_once(SEPARATORS) {
        Some((directories, _)) => directories.rsplit(SEPARATORS).find(|part| !part.is_empty()),
        None => Some(file),
    }
}

/// `numpy` of `numpy/core/x.py`, `@scope/name` of `@scope/name/x.js`.
fn package_of_path(path: &str) -> Option<&str> {
    let parts = if path.starts_with('@') { 2 } else { 1 };
    let end = path.match_indices('/').nth(parts - 1);
    Some(&path[..end.map_or(path.len(), |(at, _)| at)])
}

/// The first part of a path with `::`: the crate, or the namespace. The types that a name starts with, such
/// as in `<&a::B as c::D>::f`, have one.
fn module_of_symbol(name: &str) -> Option<&str> {
    const KEYWORDS: [&str; 7] = [
        "dyn ", "mut ", "impl ", "const ", "void ", "static ", "virtual ",
    ];
    if !name.contains("::") {
        return None;
    }
    let mut rest = name;
    loop {
        rest = rest.trim_start_matches(['<', '&', '*', '(', '[', ' ', '{']);
        match KEYWORDS
            .iter()
            .find_map(|keyword| rest.strip_prefix(keyword))
        {
            Some(shorter) => rest = shorter,
            None => break,
        }
    }
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '$');
    let (first, after) = rest.split_at(end.unwrap_or(rest.len()));
    if after.starts_with("::") {
        return (!first.is_empty()).then_some(first);
    }
    match after.split_once(" as ") {
        // A primitive type or a parameter: the module of the trait.
        Some((before, interface)) if !before.contains("::") => module_of_symbol(interface),
        // An argument of a template, or the return type.
        _ if name.starts_with('<') => Some("core"),
        _ if first == "anonymous" => Some("(anonymous)"),
        _ if after.starts_with(' ') => module_of_symbol(after),
        _ if after.starts_with('<') => Some(first),
        _ => None,
    }
}

/// A name without what compilers append to it: `.isra.0`, `.cold`.
fn without_suffixes(name: &str) -> &str {
    const SUFFIXES: [&str; 7] = [
        ".isra.",
        ".part.",
        ".constprop.",
        ".cold",
        ".lto_priv.",
        ".llvm.",
        ".localalias",
    ];
    let ends = SUFFIXES.iter().filter_map(|suffix| name.find(suffix));
    &name[..ends.min().unwrap_or(name.len())]
}

/// The package of a function in Java, Go, .NET and others: `java.util` of `java/util/HashMap.put`,
/// `net/http` of `net/http.(*conn).serve`.
fn package_of(name: &str) -> Option<&str> {
    let path = without_closure(until(name, ['(', '<', '[', '$', ' '])?);
    let (package, function) = path.rsplit_once('.')?;
    let is_name = |part: &str| part.starts_with(|c: char| c.is_alphabetic() || c == '_');
    let is_called = function.is_empty() || is_name(function);
    if !is_called || package.is_empty() || !package.split('.').all(is_name) {
        return None;
    }
    let separator = if package.contains('.') && !package.contains('/') {
        '.'
    } else {
        '/'
    };
    let is_go_host = package
        .split('/')
        .next()
        .is_some_and(|host| host.contains('.'));
    if is_go_host && separator == '/' {
        return Some(package);
    }
    let parts = 1 + package.matches(separator).count();
    // The last part of a package of Java is a class.
    let is_class = |part: &str| part.starts_with(|c: char| c.is_ascii_uppercase());
    let last = package.rsplit(separator).next().unwrap_or(package);
    let parts = if is_class(last) && parts > 1 {
        parts - 1
    } else {
        parts
    };
    let wanted = match package.split(separator).next() {
        Some("org" | "com" | "net" | "io" | "de") if parts > 2 => 3,
        _ => 2,
    };
    let cut = package.match_indices(separator).nth(wanted.min(parts) - 1);
    Some(&package[..cut.map_or(package.len(), |(at, _)| at)])
}

/// `main.sort` of `main.sort.func1.2`, as Go calls a function in `main.sort`.
fn without_closure(name: &str) -> &str {
    let mut starts = name.match_indices(".func");
    let is_numbered = |at: usize, start: &str| {
        let rest = &name[at + start.len()..];
        rest.starts_with(|c: char| c.is_ascii_digit())
    };
    match starts.find(|(at, start)| is_numbered(*at, start)) {
        Some((at, _)) => name[..at].trim_end_matches('.'),
        None => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_functions() {
        for (name, module) in [
            ("vfs_read_[k]", Some("kernel")),
            ("[libc.so.6]", Some("libc")),
            ("[unknown]", None),
            ("libc.so.1`__pread", Some("libc")),
            ("malloc", None),
            ("rustc", None),
            ("finish_task_switch.isra.0", None),
            ("lto_cgu.0", None),
            ("main.run.isra.0", Some("main")),
            ("main.run.part.1", Some("main")),
            ("main.run.constprop.2", Some("main")),
            ("main.run.cold", Some("main")),
            ("main.run.lto_priv.3", Some("main")),
            ("main.run.llvm.4", Some("main")),
            ("main.run.localalias", Some("main")),
            ("", None),
            ("-[NSView draw:]", Some("NSView")),
            // Rust and C++.
            ("std::rt::lang_start::{{closure}}", Some("std")),
            (
                "<alloc::vec::Vec<T> as core::ops::Drop>::drop",
                Some("alloc"),
            ),
            ("<&mut app::Reader as std::io::Read>::read", Some("app")),
            ("<u64 as core::iter::Step>::forward", Some("core")),
            ("<T as app::Price>::price", Some("app")),
            ("<[u8]>::sort", Some("core")),
            ("llvm::PassManager<llvm::Module>::run", Some("llvm")),
            ("v8::internal::Heap::Scavenge()", Some("v8")),
            ("(anonymous namespace)::Area::of", Some("(anonymous)")),
            // Scripts.
            (
                "serve (/srv/node_modules/express/lib/a.js:1:2)",
                Some("express"),
            ),
            ("f /a/node_modules/@babel/core/a.js:1", Some("@babel/core")),
            ("knead (/srv/bakery/dough.js:9:15)", Some("bakery")),
            ("readSync node:fs:733", Some("node")),
            ("f (/srv/shop/a.mjs:1)", Some("shop")),
            ("f (/srv/shop/a.cjs:1)", Some("shop")),
            ("f (/srv/shop/a.ts:1)", Some("shop")),
            ("f (/srv/shop/a.tsx:1)", Some("shop")),
            ("f (/srv/shop/a.rb:1)", Some("shop")),
            ("f (/srv/shop/a.php:1)", Some("shop")),
            ("f (/srv/shop/a.lua:1)", Some("shop")),
            ("f (/srv/shop/a.jsx1:1)", None),
            ("(anonymous main.js:1)", Some("main.js")),
            (
                "dot (/usr/lib/python3/dist-packages/numpy/core/x.py:5)",
                Some("numpy"),
            ),
            (
                "loads (/usr/lib/python3.12/json/decoder.py:3)",
                Some("python"),
            ),
            ("py::fibonacci:/home/dev/app/report.py", Some("app")),
            ("_load (<frozen importlib._bootstrap>:5)", Some("python")),
            // Packages.
            ("Shop\\cart", Some("Shop")),
            ("Shop\\Basket->price", Some("Shop")),
            ("Shop\\{closure:/srv/shop.php:10-10}", Some("Shop")),
            ("{closure:Shop\\cart():12}", Some("Shop")),
            (
                "Symfony\\Console\\Style\\Table::of",
                Some("Symfony\\Console"),
            ),
            ("f (C:\\srv\\bakery.js:9)", Some("srv")),
            ("java/util/HashMap.put", Some("java/util")),
            ("java.util.HashMap.put", Some("java.util")),
            ("org/apache/spark/sql/Row:.get", Some("org/apache/spark")),
            ("org.apache.spark.sql.Row.get", Some("org.apache.spark")),
            ("runtime.mallocgc", Some("runtime")),
            ("net/http.(*conn).serve", Some("net/http")),
            ("main.sort.func1", Some("main")),
            ("main.glob..func2.1", Some("main")),
            ("main.Map[...].func1", Some("main")),
            (
                "internal/reflectlite.Swapper.func3",
                Some("internal/reflectlite"),
            ),
            (
                "github.com/gin-gonic/gin.(*Engine).ServeHTTP",
                Some("github.com/gin-gonic/gin"),
            ),
            ("Bakery.Dough.Knead", Some("Bakery")),
        ] {
            assert_eq!(module_of(name), module, "{name}");
        }
    }
}
