//! The door from a name on a hub to an open file; what is behind it has its tests in the package `vit22b-hub`.

use vit22b::weights::{HubError, WeightsError, WeightsFile};

#[test]
fn a_name_that_is_none_is_told_before_anything_is_asked() {
    let error = WeightsFile::from_hub("resnet50").unwrap_err();
    assert!(matches!(&error, WeightsError::Hub(error) if matches!(**error, HubError::Name { .. })));
    assert!(error.to_string().starts_with("resnet50: expected hf:ORGANISATION/NAME"), "{error}");
}
