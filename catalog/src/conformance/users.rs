//! Users and who is a member of whom.

use super::{Opener, samples};
use crate::users::{FIRST_USER, Membership, PUBLIC, Privilege, Right, User};
use crate::{CatalogError, FIRST_OBJECT, Oid};

pub(super) async fn check(fresh: &dyn Fn() -> Opener) {
    first(&fresh()).await;
    life(&fresh()).await;
    members(&fresh()).await;
    rights(&fresh()).await;
}

fn user(name: &str) -> User {
    User {
        oid: 0,
        name: name.to_owned(),
        login: true,
        superuser: false,
        connection_limit: None,
        valid_until_us: None,
        verifier: Some("SCRAM-SHA-256$4096:c2FsdA==$c3RvcmVk:c2VydmVy".to_owned()),
    }
}

async fn first(open: &Opener) {
    let users = open().users().await.expect("users");
    let [first] = users.as_slice() else { panic!("{users:?}") };
    assert_eq!((first.oid, first.name.as_str(), first.login, first.superuser), (FIRST_USER, "strata", true, true));
    assert_eq!(first.verifier, None, "no password is known to all");
    assert!(open().memberships().await.expect("memberships").is_empty());
}

async fn life(open: &Opener) {
    let ann = open().create_user(&user("Ann 安")).await.expect("create");
    assert!(ann.oid > 16_385);
    assert!(matches!(open().create_user(&user("Ann 安")).await, Err(CatalogError::Exists { what: "role", .. })));
    assert!(matches!(open().create_user(&user("strata")).await, Err(CatalogError::Exists { .. })));
    open().create_schema("Ann 安").await.expect("users and schemas do not share names");

    let changed = User {
        name: "ann".to_owned(),
        login: false,
        superuser: true,
        connection_limit: Some(3),
        valid_until_us: Some(-7),
        verifier: None,
        ..ann.clone()
    };
    open().alter_user(&changed).await.expect("alter");
    assert_eq!(open().users().await.expect("users")[1], changed);
    let clash = User { name: "strata".to_owned(), ..changed.clone() };
    assert!(matches!(open().alter_user(&clash).await, Err(CatalogError::Exists { .. })));
    assert_eq!(open().users().await.expect("users")[1], changed);

    open().drop_user(ann.oid).await.expect("drop");
    assert!(matches!(open().drop_user(ann.oid).await, Err(CatalogError::NotFound { .. })));
    assert!(matches!(open().alter_user(&changed).await, Err(CatalogError::NotFound { .. })));
    let again = open().create_user(&user("ann")).await.expect("create");
    assert!(again.oid > ann.oid, "oids are never used again");
}

async fn members(open: &Opener) {
    let mut oids: Vec<Oid> = Vec::new();
    for name in ["a", "b", "c"] {
        oids.push(open().create_user(&user(name)).await.expect("create").oid);
    }
    let [a, b, c] = oids[..] else { panic!("three users") };
    let of = |user, member, admin| Membership { user, member, admin };
    open().grant_membership(&of(a, b, false)).await.expect("grant");
    open().grant_membership(&of(b, c, true)).await.expect("grant");
    open().grant_membership(&of(a, b, true)).await.expect("grant again");
    assert_eq!(open().memberships().await.expect("memberships"), [of(a, b, true), of(b, c, true)]);
    for (user, member) in [(c, a), (b, a), (a, a)] {
        let refused = open().grant_membership(&of(user, member, false)).await;
        assert!(matches!(refused, Err(CatalogError::MemberCircle { .. })), "{user} to {member}");
    }
    assert!(matches!(open().grant_membership(&of(a, 99, false)).await, Err(CatalogError::NotFound { .. })));
    assert!(open().revoke_membership(b, c).await.expect("revoke"));
    assert!(!open().revoke_membership(b, c).await.expect("revoke again"));
    open().grant_membership(&of(c, a, false)).await.expect("no circle any more");
    open().drop_user(a).await.expect("drop");
    assert!(open().memberships().await.expect("memberships").is_empty(), "memberships go with either end");
}

async fn rights(open: &Opener) {
    let ann = open().create_user(&user("ann")).await.expect("create").oid;
    let topic = open().create_topic(samples::topic("logs", "app")).await.expect("topic");
    let schema = open().schemas().await.expect("schemas")[0].oid;
    let right = |object, privilege| Right { object, user: ann, privilege };
    let given = [right(schema, Privilege::Usage), right(topic.oid(), Privilege::Insert), right(topic.oid(), Privilege::Select)];
    open().change_rights(&given, true).await.expect("grant");
    open().change_rights(&given[1..], true).await.expect("grant again");
    assert_eq!(open().rights().await.expect("rights"), given);
    for (object, user) in [(FIRST_OBJECT + 99, ann), (schema, 99)] {
        let wrong = Right { object, user, privilege: Privilege::Usage };
        let refused = open().change_rights(&[right(schema, Privilege::Select), wrong], true).await;
        assert!(matches!(refused, Err(CatalogError::NotFound { .. })));
    }
    assert_eq!(open().rights().await.expect("rights"), given, "all or none");
    open().change_rights(&given[1..2], false).await.expect("revoke");
    open().change_rights(&given[1..2], false).await.expect("revoke again");
    open().drop_topic(topic.id).await.expect("drop");
    assert_eq!(open().rights().await.expect("rights"), given[..1], "rights go with the object");
    let built_in = Right { object: FIRST_OBJECT - 1, user: PUBLIC, privilege: Privilege::Execute };
    open().change_rights(std::slice::from_ref(&built_in), true).await.expect("what is built in, for everybody");
    open().drop_user(ann).await.expect("drop");
    assert_eq!(open().rights().await.expect("rights"), [built_in], "rights go with the user");
}
