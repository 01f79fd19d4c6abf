use crate::vit22b;

#[test]
fn an_address_of_the_network_wants_a_token() {
    // Whether the plugin or the token is missed first depends on the machine; neither serves.
    let run = vit22b(["serve", "--listen", "0.0.0.0:0"]);
    let error = run.failed();
    assert!(error.contains("token") || error.contains("plugin"), "{error}");
}
