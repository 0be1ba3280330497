//! What a net file may say, and what is said to whom it does not.

use proptest::prelude::*;
use syndic_nets::draw::Sketch;
use syndic_nets::format::{NotANet, read, read_pnml, write, write_pnml};
use syndic_nets::marketplace;
use syndic_nets::model::{FlattenError, Kind, Library, Net, Value};

const HEAD: &str = "\
net = \"small\"
[data]
verdict = [\"pass\", \"fail\"]
tries = \"0..=3\"
amount = \"money\"
[conditions]
P_Begin = \"it begins\"
P_Good = \"it is good\"
P_Bad = \"it is bad\"
P_End = \"it ends\"
";

fn small(tasks: &str) -> String {
    format!("{HEAD}{tasks}")
}

/// Every mistake as `line: what | hint`, the line counted from the end of the head.
fn mistakes(tasks: &str) -> String {
    let text = small(tasks);
    let head = HEAD.lines().count();
    let told = read(&text).expect_err("a net with a mistake").mistakes;
    let line = |m: &syndic_nets::format::Mistake| format!("{}:{} {} | {}", m.line - head, m.column, m.what, m.hint);
    told.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn names(net: &Net) -> Vec<String> {
    net.flatten().expect("a flat form").transitions.into_iter().map(|transition| transition.name).collect()
}

#[test]
fn every_mistake_is_told_with_its_place_and_a_way_out() {
    let told = mistakes(
        "[task.T_Judge]
kind = \"servic\"
[task.T_Ask]
kind = \"user\"
takes = \"P_Begn\"
give = \"P_Good\"
outcome.good = { when = 'verdit == \"pass\"', gives = \"P_Good\" }
outcome.bad = { when = 'verdict == \"fial\"', gives = \"P_Bad\" }
after = \"3 h\"
sla = \"3 weeks\"
",
    );
    assert_eq!(
        told,
        "2:8 `servic` is no kind of task | one of auto, service, user, timer and composite
5:9 `P_Begn` is no condition of this net | did you mean `P_Begin`?
6:1 `give` is not a key here | did you mean `gives`?
7:26 `verdit` is no variable of this net | did you mean `verdict`?
8:36 `verdict` is never \"fial\" | did you mean \"fail\"?
9:9 `after` belongs to a timer task, and this is a user one | leave it out, or write kind = \"timer\"
10:7 `3 weeks` is no duration: write a number and one of s, min, h, d, bd, months, such as `3 bd` | a duration is a number and one of s, min, h, d, bd, months: \"3 bd\""
    );
}

#[test]
fn what_could_never_be_meant_is_refused() {
    for (tasks, sentence) in [
        ("", "there is no task"),
        ("[task.\"T.x\"]\nkind = \"auto\"\ntakes = \"P_Begin\"\ngives = \"P_End\"\n", "`T.x` is no name for a task"),
        ("[task.T]\nkid = \"auto\"\n", "`kid` is not a key here | did you mean `kind`?"),
        ("[task.T]\nkind = \"auto\"\ngives = \"P_End\"\n", "`T` takes nothing, so it could fire for ever"),
        ("[task.T]\nkind = \"auto\"\ntakes = \"P_Begin\"\n", "`T` gives nothing, so the case would vanish"),
        (
            "[task.T]\nkind = \"auto\"\ntakes = [\"P_Begin\", \"P_Begin\"]\ngives = \"P_End\"\n",
            "`P_Begin` is named twice",
        ),
        (
            "[task.T]\nkind = \"auto\"\ntakes = \"P_Begin\"\noutcome.a = { gives = \"P_Good\" }\noutcome.b = { gives = \"P_Bad\" }\n",
            "nobody names the outcome of `T`",
        ),
        (
            "[task.T]\nkind = \"auto\"\ntakes = \"P_Begin\"\ngives = \"P_End\"\nsets = { verdict = \"late\" }\n",
            "`verdict` cannot hold \"late\"",
        ),
        (
            "[task.T]\nkind = \"auto\"\ntakes = \"P_Begin\"\ngives = \"P_End\"\ncounts = \"verdict\"\n",
            "`verdict` is one of pass, fail, and only a range can be counted up",
        ),
        (
            "[task.T]\nkind = \"timer\"\nafter = { by = \"verdict\", pass = \"1 h\" }\ntakes = \"P_Begin\"\ngives = \"P_End\"\n",
            "there is no time for verdict fail",
        ),
        (
            "[task.T]\nkind = \"auto\"\ntakes = \"P_Begin\"\ngives = \"P_End\"\n[properties]\nx = \"no P_End without T_X\"\n",
            "`T_X` is no task of this net, nor an outcome of one",
        ),
        (
            "[task.\"undo/T\"]\nkind = \"user\"\ntakes = \"P_Begin\"\ngives = \"P_End\"\n",
            "`undo/T` is what the undoing of a task is called",
        ),
        (
            &format!("[task.{}]\nkind = \"user\"\ntakes = \"P_Begin\"\ngives = \"P_End\"\n", "T".repeat(101)),
            "a name of 101 bytes is too long for a work item",
        ),
        (
            "[task.T]\nkind = \"timer\"\nafter = \"26001 bd\"\ntakes = \"P_Begin\"\ngives = \"P_End\"\n",
            "`26001 bd` is longer than a hundred years",
        ),
        (
            "[task.T]\nkind = \"service\"\naction = \"a\"\nkey = \"k\"\nretry = { attempts = 4000000000 }\ntakes = \"P_Begin\"\ngives = \"P_End\"\n",
            "4000000000 attempts are none, or without end",
        ),
        (
            "[task.T]\nkind = \"composite\"\nnet = \"n\"\nwhen = 'tries > 0'\ntakes = \"P_Begin\"\ngives = \"P_End\"\n",
            "`T` stands for a net, and `when` would be lost with it",
        ),
        (
            "[task.T]\nkind = \"composite\"\nnet = \"n\"\ncancels = \"P_Good\"\ntakes = \"P_Begin\"\ngives = \"P_End\"\n",
            "`T` stands for a net, and `cancels` would be lost with it",
        ),
        (
            "[task.T]\nkind = \"composite\"\nnet = \"n\"\ntakes = \"P_Begin\"\noutcome.a = { gives = \"P_End\", counts = \"tries\" }\n",
            "`T` stands for a net, and `sets` would be lost with it",
        ),
    ] {
        let told = mistakes(tasks);
        assert!(told.contains(sentence), "{tasks}\n{told}");
    }
}

#[test]
fn a_service_may_raise_an_event_that_is_filled_from_the_case() {
    let text = small(
        "[task.T_Subscribe]
kind = \"service\"
event = { type = \"marketplace.CustomerSubscribes\", subject = \"c-{tries}\", data = { sku = \"{verdict}\", price = { minor_units = \"{amount}\", note = \"at {amount}\" }, seats = [\"{tries}\", 2, true], rest = \"{amount}/{verdict}\" } }
undo = \"crm/forget\"
takes = \"P_Begin\"
gives = \"P_End\"
",
    );
    let net = read(&text).unwrap();
    assert_eq!(read(&write(&net)).unwrap(), net);
    let Kind::Service(service) = &net.tasks[0].kind else { panic!() };
    assert_eq!((service.action.as_str(), service.key.as_str()), ("event/marketplace.CustomerSubscribes", ""));
    let event = service.event.as_ref().unwrap();
    let filled = |values: [Option<Value>; 3]| {
        let data = serde_json::Value::from(event.data(&net.data, &values)).to_string();
        format!("{} {data}", event.subject.fill(&net.data, &values))
    };
    let known = filled([Some(Value::Text("pass".into())), Some(Value::Number(3)), Some(Value::Number(-2999))]);
    let told =
        r#"c-3 {"price":{"minor_units":-2999,"note":"at -2999"},"rest":"-2999/pass","seats":[3,2,true],"sku":"pass"}"#;
    assert_eq!(known, told);
    // What is not known is not said.
    assert_eq!(filled([None, None, None]), r#"c- {"price":{"note":"at "},"rest":"/","seats":[2,true]}"#);
}

#[test]
fn an_event_that_cannot_be_raised_is_told_with_its_place_and_a_way_out() {
    let told = mistakes(
        "[task.T_A]
kind = \"service\"
action = \"a/b\"
key = \"k\"
event = { type = \"syndic.case.launch\", subjct = \"x\", data = { sku = \"{verdit}\", at = 2026-01-02, x = \"{\" } }
takes = \"P_Begin\"
gives = \"P_End\"
[task.T_B]
kind = \"service\"
event = { type = \"syndic.case.launch\", subject = \"{verdit}\", data = { sku = \"x{amont}\" } }
takes = \"P_Begin\"
gives = \"P_End\"
[task.T_C]
kind = \"service\"
action = \"event/a.B\"
key = \"{order}/{tries}\"
undo = \"event/a.C\"
takes = \"P_Begin\"
gives = \"P_End\"
[task.T_D]
kind = \"auto\"
event = { type = \"x\" }
takes = \"P_Begin\"
gives = \"P_End\"
",
    );
    assert_eq!(
        told,
        "3:10 `action` and `event` say two things | its action is to raise the event: leave it out
4:7 `key` and `event` say two things | an event is told from others by its case, task and attempt: leave it out
5:1 `subject` is missing | say whose it is: subject = \"{customer_id}\"
5:40 `subjct` is not a key here | did you mean `subject`?
5:86 `at` is a date, and no event says that | write a text, a whole number, true, false, a list or a table
5:102 the braces of `{` do not belong together | write a variable in braces, and no other brace: \"{order_id}/payment\"
10:11 `syndic.case.launch` is not a type of events that a case may raise | name one that governors judge: \"marketplace.CustomerSubscribes\"
10:40 `verdit` is no variable of this net | did you mean `verdict`?
10:71 `amont` is no variable of this net | did you mean `amount`?
15:1 an action of this name would raise an event | describe it instead: event = { type = \"a.B\", subject = \"{…}\" }
16:1 `order` is no variable of this net | declare it under [data]
17:1 nothing is undone by an event | name an action of a connector's, or leave it out
22:9 `event` belongs to a service task, and this is an auto one | leave it out, or write kind = \"service\""
    );
}

#[test]
fn a_file_that_is_no_toml_is_told_where_it_stops_being_one() {
    let told = read("net = \"x\"\n[task.T\n").unwrap_err().mistakes.remove(0);
    assert_eq!((told.line, told.what.as_str()), (2, "unclosed table, expected `]`"));
}

#[test]
fn joins_and_splits_become_transitions() {
    let net = read(&small(
        "[task.T_Any]
kind = \"auto\"
join = \"xor\"
takes = [\"P_Begin\", \"P_Good\"]
gives = [\"P_Good\", \"P_Bad\"]
[task.T_Some]
kind = \"service\"
action = \"a/b\"
key = \"k\"
fallback = { name = \"manual\" }
takes = \"P_Begin\"
outcome.pass = { when = 'verdict == \"pass\"', gives = \"P_Good\" }
outcome.fail = { gives = \"P_Bad\" }
[task.T_Both]
kind = \"auto\"
split = \"or\"
takes = \"P_Good\"
gives = { P_Bad = 'tries > 1', P_End = 'tries < 3' }
cancels = \"P_Begin\"
",
    ))
    .unwrap();
    assert_eq!(
        names(&net),
        [
            "T_Any.P_Begin",
            "T_Any.P_Good",
            "T_Some.pass",
            "T_Some.fail",
            "T_Some.manual.pass",
            "T_Some.manual.fail",
            "T_Both.P_Bad",
            "T_Both.P_End",
            "T_Both.P_Bad+P_End",
        ]
    );
    let flat = net.flatten().unwrap();
    assert_eq!(flat.transitions[8].removes, [flat.find_place("P_Begin").unwrap()]);
    assert_eq!(read(&write(&net)).unwrap(), net);
}

#[test]
fn an_or_join_reads_and_has_no_flat_form() {
    let net =
        read(&small("[task.T]\nkind = \"auto\"\njoin = \"or\"\ntakes = [\"P_Good\", \"P_Bad\"]\ngives = \"P_End\"\n"));
    assert_eq!(net.unwrap().flatten(), Err(FlattenError::OrJoin { task: "T".to_owned() }));
}

#[test]
fn pnml_that_means_more_than_places_and_transitions_is_refused() {
    let net = |inside: &str| {
        format!(
            "<pnml><net id=\"n\"><page id=\"p\"><place id=\"a\"/><transition id=\"t\"/>{inside}</page></net></pnml>"
        )
    };
    for (inside, sentence) in [
        (
            "<arc id=\"x\" source=\"a\" target=\"t\"><inscription><text>2</text></inscription></arc>",
            "an arc with the inscription `2`",
        ),
        ("<arc id=\"x\" source=\"a\" target=\"t\"><type value=\"inhibitor\"/></arc>", "an arc of the kind `inhibitor`"),
        ("<arc id=\"x\" source=\"a\" target=\"b\"/>", "an arc leads to `b`, which is not there"),
        ("<arc id=\"x\" source=\"a\" target=\"a\"/>", "an arc between two of a kind"),
        ("<place id=\"a\"/>", "the id `a` is empty or not the only one"),
        ("<net id=\"m\"/>", "a second net"),
        ("<name>", "ill-formed document: expected `</name>`, but `</page>` was found"),
    ] {
        let told = read_pnml(&net(inside)).expect_err(inside).mistakes.remove(0);
        assert_eq!(told.what, sentence);
    }
}

#[test]
fn pnml_keeps_reset_arcs_and_odd_names() {
    let text = "<pnml><net id=\"a &amp; b\"><page id=\"p\"><place id=\"a\"><name><text>5 &lt; 6</text></name></place>
        <place id=\"b\"><name><text>end</text></name></place><transition id=\"t\"/>
        <arc id=\"x\" source=\"a\" target=\"t\"/><arc id=\"y\" source=\"t\" target=\"b\"/>
        <arc id=\"z\" source=\"b\" target=\"t\"><type value=\"reset\"/></arc></page></net></pnml>";
    let read = read_pnml(text).unwrap();
    assert_eq!(
        (read.name.as_str(), read.flat.places.as_slice()),
        ("a & b", &["5 < 6".to_owned(), "end".to_owned()][..])
    );
    assert_eq!(read.flat.transitions[0].removes, [read.flat.sink.unwrap()]);
    let again = read_pnml(&write_pnml(&read.name, &read.flat)).unwrap();
    assert_eq!(again.flat, read.flat);
}

/// A good file, with a few pieces of it cut out, doubled, or replaced by what grammars stumble over.
fn damaged(text: &str, damages: &[(usize, usize, usize)]) -> String {
    const PIECES: &[&str] =
        &["", "\"", "'", "[", "]]", "{", "é", "\u{0}", "\n", " = ", ".", "<", "&", "-1", "9999999999999999999"];
    let mut letters: Vec<String> = text.chars().map(String::from).collect();
    for (at, length, piece) in damages {
        let at = at % letters.len();
        let end = (at + length).min(letters.len());
        let new = PIECES.get(*piece).map_or_else(|| letters[at..end].concat().repeat(2), |piece| (*piece).to_owned());
        letters.splice(at..end, [new]);
    }
    letters.concat()
}

fn any_damages() -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
    prop::collection::vec((any::<usize>(), 0..30usize, 0..16usize), 1..4)
}

fn told_well(why: &NotANet) -> bool {
    why.mistakes.iter().all(|mistake| mistake.line > 0 && mistake.column > 0 && !mistake.hint.is_empty())
}

proptest! {
    #[test]
    fn a_damaged_net_file_is_a_net_or_is_told_where_it_is_none(file in 0..6usize, damages in any_damages()) {
        match read(&damaged(marketplace::FILES[file].1, &damages)) {
            Ok(net) => {
                prop_assert!(Sketch::of_net(&net).svg().ends_with("</svg>\n"));
                prop_assert_eq!(read(&write(&net)), Ok(net));
            }
            Err(why) => prop_assert!(told_well(&why)),
        }
    }

    #[test]
    fn a_damaged_pnml_file_is_a_net_or_is_told_where_it_is_none(file in 0..6usize, damages in any_damages()) {
        let (name, text) = marketplace::FILES[file];
        let good = write_pnml(name, &read(text).unwrap().flatten().unwrap());
        match read_pnml(&damaged(&good, &damages)) {
            Ok(pnml) => prop_assert_eq!(read_pnml(&write_pnml(&pnml.name, &pnml.flat)).map(|again| again.flat), Ok(pnml.flat)),
            Err(why) => prop_assert!(told_well(&why)),
        }
    }
}

/// A net of so many tasks, each written like this, with its number for every `#`.
fn many(tasks: usize, task: &str) -> String {
    let tasks: String = (0..tasks).map(|nth| task.replace('#', &nth.to_string())).collect();
    format!("net = \"many\"\n[data]\nflag = \"bool\"\n[conditions]\nA = \"\"\nZ = \"\"\n{tasks}")
}

#[test]
fn a_text_that_stands_for_too_much_is_refused_while_it_is_small() {
    let lines =
        |count: usize, line: &str| (0..count).map(|nth| line.replace('#', &nth.to_string())).collect::<String>();
    let crossed = "[task.T]\nkind = \"user\"\n".to_owned()
        + &lines(101, "entry.e# = { takes = \"A\" }\n")
        + &lines(100, "outcome.o# = { gives = \"Z\" }\n");
    let long_guard = format!("when = '{}'", vec!["flag"; 110].join(" || "));
    for (text, sentence) in [
        (many(10_001, "[task.T#]\nkind=\"auto\"\ntakes=\"A\"\ngives=\"Z\"\n"), "10001 tasks are too many"),
        (many(1, &crossed), "10100 transitions are too many"),
        (many(300, &format!("[task.T#]\nkind=\"auto\"\ntakes=\"A\"\ngives=\"Z\"\n{long_guard}\n")), "bytes of guards"),
        (many(1, &format!("[task.{}]\nkind=\"auto\"\ntakes=\"A\"\ngives=\"Z\"\n", "T".repeat(257))), "a name of 257"),
        (format!("net = \"{}\"\n{}", "n".repeat(257), HEAD.split_once('\n').unwrap().1), "at most 256 bytes"),
        (" ".repeat((1 << 20) + 1), "1048577 bytes are too long for a net"),
        (format!("a = {}", "[".repeat(100_000)), "max recursion depth"),
    ] {
        let told = read(&text).expect_err(sentence).mistakes;
        assert!(told.iter().any(|mistake| mistake.what.contains(sentence)), "{sentence}: {:?}", told.first());
    }
    let wrong = many(5_000, "[task.T#]\nkind=\"auto\"\ntakes=\"B#\"\ngives=\"Z\"\n");
    assert_eq!(read(&wrong).expect_err("it names what is not there").mistakes.len(), 100, "nobody reads five thousand");
}

#[test]
fn nets_in_nets_that_multiply_are_refused_before_they_are_made() {
    let inner = many(1, "[task.T]\nkind=\"auto\"\ntakes=\"A\"\ngives=\"Z\"\n");
    let twice = |name: &str, inner: &str| {
        let task = |task: &str, takes: &str, gives: &str| {
            format!(
                "[task.{task}]\nkind = \"composite\"\nnet = \"{inner}\"\ntakes = \"{takes}\"\ngives = \"{gives}\"\n"
            )
        };
        let conditions = "[conditions]\nA = \"\"\nB = \"\"\nZ = \"\"\n";
        let text = format!("net = \"{name}\"\n{conditions}{}{}", task("One", "A", "B"), task("Two", "B", "Z"));
        read(&text).unwrap()
    };
    let mut nets = vec![Net { name: "n0".into(), ..read(&inner).unwrap() }];
    nets.extend((1..=15).map(|nth| twice(&format!("n{nth}"), &format!("n{}", nth - 1))));
    let library = Library(nets.clone());
    assert!(library.inline(&nets[5]).is_ok());
    let why = library.inline(&nets[15]).unwrap_err().to_string();
    assert!(why.contains("with the nets it names in their places") && why.contains("too many for one net"), "{why}");
}
