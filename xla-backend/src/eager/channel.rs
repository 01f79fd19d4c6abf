//! The channel from Burn's router to a device, and the bridge between devices.

use std::sync::Arc;

use burn_backend::{DType, Shape};
use burn_ir::TensorIr;
use burn_router::{MultiBackendBridge, RouterChannel, RouterTensor, get_client};

use super::client::{self, XlaClient, XlaHandle};
use super::device::XlaDevice;
use super::recorder::transfer;

/// The channel by which [`XlaBackend`](super::XlaBackend) gets its operations from Burn's router.
#[derive(Clone, Copy, Debug)]
pub struct XlaChannel;

impl RouterChannel for XlaChannel {
    type Device = XlaDevice;
    type Bridge = XlaBridge;
    type Client = XlaClient;

    fn name(device: &XlaDevice) -> String {
        format!("xla<{device}>")
    }

    fn init_client(device: &XlaDevice) -> XlaClient {
        XlaClient::new(device)
    }

    fn get_tensor_handle(tensor: &TensorIr, client: &XlaClient) -> XlaHandle {
        XlaHandle(client.recorder().value_now(tensor))
    }

    fn register_tensor(
        client: &XlaClient,
        handle: XlaHandle,
        shape: Shape,
        dtype: DType,
    ) -> RouterTensor<XlaClient> {
        client::register(client, handle, shape, dtype)
    }
}

/// Copies tensors between devices: directly within a platform, else through the host.
#[derive(Debug)]
pub struct XlaBridge;

impl MultiBackendBridge for XlaBridge {
    type TensorHandle = XlaHandle;
    type Device = XlaDevice;

    fn change_backend_float(tensor: XlaHandle, _: Shape, target: &XlaDevice) -> XlaHandle {
        moved(&tensor, target)
    }

    fn change_backend_int(tensor: XlaHandle, _: Shape, target: &XlaDevice) -> XlaHandle {
        moved(&tensor, target)
    }

    fn change_backend_bool(tensor: XlaHandle, _: Shape, target: &XlaDevice) -> XlaHandle {
        moved(&tensor, target)
    }
}

fn moved(tensor: &XlaHandle, target: &XlaDevice) -> XlaHandle {
    let client = get_client::<XlaChannel>(target);
    XlaHandle(Arc::new(transfer(&tensor.0, client.recorder())))
}
