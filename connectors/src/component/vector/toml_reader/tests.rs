//! Texts, and the trees that they are read as.

use super::super::toml_printer::print;
use super::read;

/// What a text is written as again.
#[track_caller]
fn check(text: &str, expected: &str) {
    let tree = read(text).unwrap();
    let printed = print(&tree);
    assert_eq!(printed, expected);
    assert_eq!(read(&printed).unwrap(), tree, "a second time\n{printed}");
}

#[test]
fn what_is_written_the_usual_way_stays() {
    for text in [
        "",
        "# all\n\ndata_dir = \"/x\"\n",
        "a = 1 # one\nb = [1, 2.5, \"x\"]\n\n# of c\n[c] # beside\nd = true\n\n[c.e]\nf = {}\n",
        "[[t]]\na = 1\n\n# second\n[[t]]\na = 2\n\n[t.b]\nc = 1979-05-27T07:32:00Z\n",
        "a = [\n  # first\n  1,\n  2, # two\n  # end\n]\n",
        "[s.x]\nsource = '''\n.a = \"\\d\"\n.b = 1\n'''\n",
        "[s.x]\nr = '\\d+\"'\n",
    ] {
        let text = text.replace("# all\n\n", "# all\n");
        check(&text, &text);
    }
}

#[test]
fn tables_follow_values() {
    check(
        "[s.x]\nencoding.codec = \"json\" # c\nb.c.d = 1\n# of e\ne = 2\n[s]\nf = 1\n",
        "[s]\nf = 1\n\n[s.x]\nencoding.codec = \"json\" # c\nb = { c = { d = 1 } }\n# of e\ne = 2\n",
    );
}

#[test]
fn what_is_no_toml_is_refused_where_it_is() {
    for (text, line, column) in
        [("a = 1\nb = \n", 2, 5), ("[a]\n[a]\n", 2, 2), ("a = 1\né = ${X}", 2, 6), ("b = 1\na = \"x", 2, 7)]
    {
        let refusal = read(text).unwrap_err();
        assert_eq!((refusal.line, refusal.column), (line, column), "{text}: {refusal}");
    }
    assert!(read("port = ${PORT}\n").unwrap_err().hint.unwrap().contains("quotes"));
}
