//! Tests of old and new structures of backtraces, and of invalid documents.

use super::*;
use proptest::prelude::*;

fn try_fold(text: &[u8]) -> Result<String, String> {
    outcome(Folder::default().collapse_to_tree(text))
}

fn outcome(read: io::Result<CallTree>) -> Result<String, String> {
    read.map(|tree| to_text(&tree))
        .map_err(|error| error.to_string())
}

fn to_text(tree: &CallTree) -> String {
    let mut out = Vec::new();
    crate::folded::write(tree, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn document(rows: &str) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<trace-query-result>\n<node xpath='//x'>\n{rows}</node></trace-query-result>\n"
    )
}

fn fold(rows: &str) -> Result<String, String> {
    try_fold(document(rows).as_bytes())
}

fn error(rows: &str) -> String {
    fold(rows).unwrap_err()
}

const BACKTRACE: &str = r#"<backtrace id="10"><frame id="11" name="leaf" addr="0x1"><binary id="5" name="b" path="/x"/></frame><frame id="12" name="main" addr="0x2"></frame></backtrace>"#;

#[test]
fn backtraces_and_frames_are_referred_to() {
    let rows = format!(
        r#"<row><sample-time id="1">1</sample-time><weight id="9">1000000</weight>{BACKTRACE}</row>
        <row><weight ref="9"/><backtrace ref="10"/></row>
        <row><weight ref="9"/><backtrace id="20"><frame id="21" name="a &amp; b&lt;c&gt; &#65;"/><frame ref="12"/></backtrace></row>"#
    );
    assert_eq!(fold(&rows).unwrap(), "main;a & b<c> A 1\nmain;leaf 2\n");
}

#[test]
fn tags_may_be_written_in_any_way() {
    let rows = r#"<row ><backtrace
            id='10' ><frame  name="a'b>c" id='11'/><frame id = "12"	name='d"e'></frame ></backtrace></row>
        <row><backtrace x='1' ref='10' /></row>
        <row><backtrace><frame ref ="11"/><!-- <frame/> --><frame id='1>3' name='f'/></backtrace></row>"#;
    assert_eq!(
        fold(&rows.replace("1>3", "13")).unwrap(),
        "d\"e;a'b>c 2\nf;a'b>c 1\n"
    );
    assert_eq!(
        error(rows),
        "line 7: Invalid frame id, expected a number, found `1>3`"
    );
}

#[test]
fn tagged_backtraces_are_read_and_referred_to() {
    let rows = format!(
        r#"<row><tagged-backtrace id="1" fmt="leaf"><tag id="2">x</tag>{BACKTRACE}</tagged-backtrace></row>
        <row><tagged-backtrace ref="1"/></row>
        <row><tagged-backtrace id="3"><backtrace ref="10"/></tagged-backtrace></row>
        <row><tagged-backtrace id="4"><tagged-backtrace ref="3"/></tagged-backtrace></row>
        <row><tagged-backtrace ref="4"/></row>
        <row><backtrace ref="10"/></row>"#
    );
    assert_eq!(fold(&rows).unwrap(), "main;leaf 6\n");
}

#[test]
fn frames_may_be_directly_in_tagged_backtraces() {
    let rows = r#"<row><tagged-backtrace id="1" fmt="pay"><tag id="2"/><frame id="3" name="pay" addr="0x9"><binary id="4" name="b"/></frame><frame id="5" name="main" addr="0x8"/></tagged-backtrace></row>
        <row><tagged-backtrace ref="1"/></row>
        <row><tagged-backtrace id="6"><tagged-backtrace ref="1"/></tagged-backtrace></row>
        <row><tagged-backtrace id="7"><frame id="8" name="add"/><frame ref="5"/></tagged-backtrace></row>
        <row><backtrace id="7"><frame ref="3"/><frame ref="5"/></backtrace></row>
        <row><tagged-backtrace id="9"></tagged-backtrace></row>"#;
    assert_eq!(fold(rows).unwrap(), " 1\nmain;add 1\nmain;pay 4\n");
    let unknown = r#"<row><tagged-backtrace id="1"><frame ref="9"/></tagged-backtrace></row>"#;
    assert_eq!(
        error(unknown),
        "line 4: Invalid frame ref id: 9, expected one that is already defined"
    );
}

#[test]
fn threads_and_processes_are_frames_on_request() {
    let rows = format!(
        r#"<row><thread id="1" fmt="Main Thread 0x2a (prog, pid: 7)"><tid id="2">42</tid><process id="3" fmt="prog (7)"><pid id="4">7</pid></process></thread>{BACKTRACE}</row>
        <row><thread ref="1"/><backtrace ref="10"/></row>
        <row><thread id="5" fmt="0x2b"><process ref="3"/></thread><backtrace ref="10"/></row>
        <row><process id="6" fmt="o;ther (8)"/><backtrace ref="10"/></row>
        <row><backtrace ref="10"/></row>"#
    );
    let fold = |include_process, include_thread| {
        let options = Options {
            include_process,
            include_thread,
            ..Options::default()
        };
        let text = document(&rows);
        to_text(
            &Folder::from(options)
                .collapse_to_tree(text.as_bytes())
                .unwrap(),
        )
    };
    assert_eq!(fold(false, false), "main;leaf 5\n");
    assert_eq!(
        fold(true, false),
        "main;leaf 1\no:ther (8);main;leaf 1\nprog (7);main;leaf 3\n"
    );
    assert_eq!(
        fold(false, true),
        "0x2b;main;leaf 1\nMain Thread 0x2a (prog, pid: 7);main;leaf 2\nmain;leaf 2\n"
    );
    assert_eq!(
        fold(true, true),
        "main;leaf 1\no:ther (8);main;leaf 1\nprog (7);0x2b;main;leaf 1\n\
         prog (7);Main Thread 0x2a (prog, pid: 7);main;leaf 2\n"
    );
    let unknown = r#"<row><thread ref="1"/></row>"#;
    let options = Options {
        include_thread: true,
        ..Options::default()
    };
    let error = Folder::from(options).collapse_to_tree(document(unknown).as_bytes());
    assert!(error.unwrap_err().to_string().contains("thread"));
}

/// Selects the row of the second thread, whose time is the first one's.
#[test]
fn origins_are_read_in_blocks_that_end_anywhere() {
    let rows = format!(
        r#"<row><sample-time id="1" fmt="x">12000000000</sample-time><thread id="1" fmt="a 0x1 (λ, pid: 9)"><tid id="2">1</tid></thread><process id="3"><pid id="4">9</pid></process>{BACKTRACE}</row>
        <row><sample-time ref="1"/><thread id="5" fmt="b 0x2 (λ, pid: 9)"><tid id="6"> 2
        </tid><process ref="3"/></thread><core id="7"><!-- x -->4</core><core id="8">4</core><backtrace><frame ref="12"/><frame ref="11"/></backtrace></row>
        <row><thread ref="5"/><backtrace ref="10"/></row>"#
    );
    let text = document(&rows);
    let mut options = Options::default();
    options.selection.time = Some("@12..@12".parse().unwrap());
    options.selection.pids.push("9".parse().unwrap());
    options.selection.cpus.push("4".parse().unwrap());
    options.selection.comms.push("b".into());
    let folder = Folder::from(options);
    for size in 1..=text.len() {
        let reader = Reader::Stream(&mut text.as_bytes());
        assert_eq!(
            outcome(folder.fold(reader, size)),
            Ok("leaf;main 1\n".to_string()),
            "blocks of {size} bytes"
        );
    }
}

/// The time of a row is in an element that depends on the instrument.
#[test]
fn rows_have_times_of_several_kinds() {
    for element in ["sample-time", "start-time", "event-time"] {
        let rows = format!(
            r#"<row><{element} id="1">11000000000</{element}>{BACKTRACE}</row>
            <row><{element} id="2">12000000000</{element}><backtrace><frame ref="11"/></backtrace></row>"#
        );
        let mut options = Options::default();
        options.selection.time = Some("@12..".parse().unwrap());
        let text = document(&rows);
        let folder = Folder::from(options);
        // In small blocks, the content of an element is not read together with its tag.
        for size in [1, 64, 4096] {
            let reader = Reader::Stream(&mut text.as_bytes());
            let folded = outcome(folder.fold(reader, size));
            assert_eq!(folded, Ok("leaf 1\n".to_string()), "{element} {size}");
        }
    }
}

#[test]
fn a_backtrace_in_another_element_belongs_to_the_row() {
    let rows = format!("<row><wrapper><other/>{BACKTRACE}</wrapper></row>");
    assert_eq!(fold(&rows).unwrap(), "main;leaf 1\n");
}

#[test]
fn a_stack_may_be_written_out_within_another() {
    let inner = r#"<thread><backtrace id="1"><frame id="2" name="x"/></backtrace></thread>"#;
    let rows = format!(
        r#"<row><backtrace id="3"><frame id="4" name="leaf"/>{inner}<frame id="5" name="main"/></backtrace></row>
        <row><backtrace ref="1"/></row>"#
    );
    assert_eq!(fold(&rows).unwrap(), "main;leaf 1\nx 1\n");
}

#[test]
fn the_last_stack_of_a_row_counts() {
    let rows = format!("<row>{BACKTRACE}<backtrace id=\"3\"><frame ref=\"12\"/></backtrace></row>");
    assert_eq!(fold(&rows).unwrap(), "main 1\n");
}

#[test]
fn stacks_of_the_same_names_add_up() {
    let rows = r#"<row><backtrace id="1"><frame id="2" name="f"/></backtrace></row>
        <row><backtrace id="3"><frame id="4" name="f"/></backtrace></row>
        </node><node><row><backtrace ref="1"/></row>"#;
    assert_eq!(fold(rows).unwrap(), "f 3\n");
}

#[test]
fn names() {
    let name = |name: &str| {
        let folded = fold(&format!(
            "<row><backtrace><frame {name}/></backtrace></row>"
        ));
        folded.unwrap().strip_suffix(" 1\n").unwrap().to_string()
    };
    assert_eq!(
        name(r#"name="_$LT$T$u20$as$u20$core..Foo$GT$::bar::h0123456789abcdef""#),
        "<T as core::Foo>::bar"
    );
    assert_eq!(name(r#"name="a;b""#), "a:b");
    assert_eq!(
        name(r#"name="&lt;[u8; 4] as b::C&gt;::f""#),
        "<[u8: 4] as b::C>::f"
    );
    assert_eq!(name("name=\"two\nlines&#10;\""), "two lines");
    assert_eq!(name(r#"name="naïve λ""#), "naïve λ");
    assert_eq!(name(r#"name="éabcdefghijklmnop""#), "éabcdefghijklmnop");
    assert_eq!(name(r#"addr="0x1f""#), "0x1f");
}

#[test]
fn names_need_not_be_utf8() {
    let text = document("<row><backtrace><frame name=\"a^b\"/></backtrace></row>");
    let text = text
        .bytes()
        .map(|byte| if byte == b'^' { 0xff } else { byte });
    assert_eq!(
        try_fold(&text.collect::<Vec<u8>>()).unwrap(),
        "a\u{fffd}b 1\n"
    );
}

#[test]
fn an_empty_backtrace_is_an_empty_stack() {
    let rows = r#"<row><backtrace id="30"/></row><row><backtrace id="31"></backtrace></row>
        <row><tagged-backtrace id="32"/></row><row><backtrace ref="30"/></row>"#;
    assert_eq!(fold(rows).unwrap(), " 4\n");
}

#[test]
fn rows_without_a_stack_are_skipped() {
    let rows = format!("<row><sentinel/></row><row>{BACKTRACE}</row><row/>");
    assert_eq!(fold(&rows).unwrap(), "main;leaf 1\n");
}

#[test]
fn comments_and_character_data_are_skipped() {
    let rows = format!("<!-- <row> --><![CDATA[<row>]]><row>{BACKTRACE}</row>");
    assert_eq!(fold(&rows).unwrap(), "main;leaf 1\n");
}

#[test]
fn unknown_structures_are_rejected() {
    let unknown = "line 4: Unknown kind of backtrace, expected one `backtrace` that contains `frame` elements";
    for shape in [
        r#"<tagged-backtrace id="1"><backtrace id="1"/><frame id="2" name="f"/></tagged-backtrace>"#,
        r#"<tagged-backtrace id="1"><frame id="2" name="f"/><backtrace id="1"/></tagged-backtrace>"#,
        r#"<tagged-backtrace id="1"><addresses>1 2</addresses></tagged-backtrace>"#,
        r#"<backtrace id="1"><text-addresses id="2">1 2</text-addresses></backtrace>"#,
        r#"<backtrace id="1"><backtrace id="2"><frame id="2" name="f"/></backtrace></backtrace>"#,
        r#"<tagged-backtrace id="1"><backtrace id="1"/><backtrace id="2"/></tagged-backtrace>"#,
    ] {
        let rows = format!("<row>{shape}</row>\n<row>{BACKTRACE}</row>\n");
        assert_eq!(error(&rows), unknown, "{shape}");
    }
}

#[test]
fn errors_name_the_line() {
    for (row, message) in [
        (
            r#"<backtrace ref="99"/>"#,
            "line 4: Invalid backtrace ref id: 99, expected one that is already defined",
        ),
        (
            r#"<tagged-backtrace ref="99"/>"#,
            "line 4: Invalid tagged-backtrace ref id: 99, expected one that is already defined",
        ),
        (
            r#"<backtrace id="1"><frame ref="77"/></backtrace>"#,
            "line 4: Invalid frame ref id: 77, expected one that is already defined",
        ),
        (
            "\n<backtrace id=\"x\"/>",
            "line 5: Invalid backtrace id, expected a number, found `x`",
        ),
        (
            "<backtrace id=\"1\"/>\n<backtrace id=\"1\"/>",
            "line 5: Repeated backtrace id in xctrace output: 1",
        ),
        (
            r#"<backtrace id="1"><frame id="2"/></backtrace>"#,
            "line 4: Frame without a name, expected `name` or `addr`",
        ),
    ] {
        assert_eq!(error(&format!("<row>{row}</row>\n")), message);
    }
    for row in [r#"<frame name="a&foo;b"/>"#, "</node>"] {
        let message = error(&format!("<row>{row}</row>\n"));
        assert!(
            message.starts_with("line 4: Read xml event failed: "),
            "{message}"
        );
    }
}

#[test]
fn a_truncated_document_keeps_its_whole_rows() {
    let text = document(&format!(
        "<row>{BACKTRACE}</row>\n<row><backtrace ref=\"10\"/></row>\n"
    ));
    let second_row = text.find("<row><backtrace ref").unwrap();
    for end in second_row..second_row + 30 {
        assert_eq!(
            try_fold(&text.as_bytes()[..end]).unwrap(),
            "main;leaf 1\n",
            "{end}"
        );
    }
    assert_eq!(
        try_fold(&text.as_bytes()[..90]),
        Err("line 4: Unexpected EOF, expected `</trace-query-result>`".to_string())
    );
    assert_eq!(
        try_fold(b"hello\n"),
        Err("line 2: Unexpected EOF, expected `</trace-query-result>`".to_string())
    );
}

/// The result of reading in blocks of `block_size` bytes.
fn fold_in_blocks(text: &[u8], block_size: usize) -> Result<String, String> {
    outcome(Folder::default().fold(Reader::Stream(&mut &*text), block_size))
}

#[test]
fn blocks_may_end_anywhere() {
    let backtrace = BACKTRACE.replace("leaf", "λ→x");
    let rows = format!(
        "<!-- <row> > --><![CDATA[<row>]]><row a='é>'>{backtrace}</row>\n&amp; λ &\n<row>\n<backtrace ref=\"10\"/></row>\n"
    );
    let broken = rows.replace("ref=\"10\"", "ref=\"99\"");
    let line = "line 7: Invalid backtrace ref id: 99, expected one that is already defined";
    for (rows, expected) in [
        (rows, Ok("main;λ→x 2\n".to_string())),
        (broken, Err(line.to_string())),
    ] {
        let text = document(&rows);
        for size in 1..=text.len() {
            let found = fold_in_blocks(text.as_bytes(), size);
            assert_eq!(found, expected, "blocks of {size} bytes");
        }
        let reader = io::BufReader::with_capacity(1, text.as_bytes());
        assert_eq!(
            outcome(Folder::default().collapse_to_tree(reader)),
            expected
        );
    }
}

#[test]
fn errors_of_the_reader_are_passed_on() {
    struct Broken;
    impl io::Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::new(io::ErrorKind::ConnectionReset, "gone"))
        }
    }
    let reader = io::BufReader::new(Broken);
    let error = Folder::default().collapse_to_tree(reader).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn sniffing() {
    assert_eq!(Options::sniff(document("").as_bytes()), Some(true));
    assert_eq!(Options::sniff(b"<?xml version=\"1.0\"?>\n"), None);
    assert_eq!(Options::sniff(b"<trace-query-result>\n"), None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn no_row_is_lost(rows in prop::collection::vec((0..6u64, 0..4usize, any::<bool>()), 0..30)) {
        let (mut text, mut written) = (String::new(), std::collections::HashSet::new());
        for (id, depth, is_tagged) in &rows {
            let stack = if written.insert(*id) {
                let frames = "<frame name=\"f\"/>".repeat(*depth);
                format!("<tagged-backtrace id=\"{id}\"><backtrace id=\"{id}\">{frames}</backtrace></tagged-backtrace>")
            } else if *is_tagged {
                format!("<tagged-backtrace ref=\"{id}\"/>")
            } else {
                format!("<backtrace ref=\"{id}\"/>")
            };
            text += &format!("<row>{stack}</row>\n");
        }
        let tree = Folder::default().collapse_to_tree(document(&text).as_bytes()).unwrap();
        prop_assert_eq!(tree.totals()[0].whole(), rows.len() as u64);
    }

    #[test]
    fn any_bytes_are_read_the_same_in_all_blocks(text in prop::collection::vec(any::<u8>(), 0..200)) {
        for start in ["", "<trace-query-result><node><row>"] {
            let text = [start.as_bytes(), &text].concat();
            let whole = try_fold(&text);
            for size in [1, 3, 50] {
                prop_assert_eq!(fold_in_blocks(&text, size), whole.clone());
            }
        }
    }

    #[test]
    fn any_elements_are_read_the_same_in_all_blocks(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "<row>", "</row>", "<backtrace id=\"1\">", "<backtrace ref=\"1\"/>", "</backtrace>", "<weight ref=\"01\"/>",
            "<frame ref=\"2\"/>", "<frame id=\"2\" addr=\"1\"/>", "<backtrace ref=\"1\" />", "<b ref=\"1\"",
            "<tagged-backtrace>", "</tagged-backtrace>", "<frame name='f'>", "</frame>", "<node>",
            "</node>", "<trace-query-result>", "</trace-query-result>", "<", "&", "\n", "<!-- ", "-->",
            "<![CDATA[", "]]>", "<?", "?>", "<!", "λ", "\"", "'", "&#65;", ">",
        ]), 0..20)
    ) {
        for text in [pieces.concat(), document(&pieces.concat())] {
            let whole = try_fold(text.as_bytes());
            for size in [1, 2, 7, 64] {
                prop_assert_eq!(fold_in_blocks(text.as_bytes(), size), whole.clone());
            }
            // Not in the form that `xctrace` writes, so that the XML reader is used.
            let spaced = text.replace("\"/>", "\" />");
            prop_assert_eq!(try_fold(spaced.as_bytes()), whole);
        }
    }
}
