//! The PJRT C API as Rust declarations: the calls that this crate makes, and no others.
//!
//! A transcription by hand of `pjrt_c_api.h`, C API version 0.81 (the header travels in the CPU
//! plugin's wheel). It follows the header field by field and is exempt from the size rule; nothing
//! here decides anything. Names lose their `PJRT_` prefix and their underscores, so
//! `PJRT_Client_Create_Args` is [`ClientCreateArgs`].
//!
//! # Rules of the C API that the rest of `pjrt/` relies on
//!
//! - **struct_size**: every argument struct begins with its size, up to and including its last
//!   field, without the padding after it. Plugins compare it strictly. The macro below computes it.
//! - **table**: the table of calls only grows at its end within a major version; its first field is
//!   its size. A slot may be null.
//! - **errors**: a call returns null or an error that the caller owns and must destroy. Out fields
//!   hold something only if it returned null.
//! - **strings** come as pointer and length and need not end in a zero byte.
//! - **threads**: clients, devices, buffers, executables and events may be used from several
//!   threads at once.

use std::ffi::{c_char, c_void};

/// The version of the header that this file transcribes.
pub(crate) const API_MAJOR: i32 = 0;
/// See [`API_MAJOR`].
pub(crate) const API_MINOR: i32 = 81;

/// Objects that only the plugin looks into.
macro_rules! opaque {
    ($($name:ident)*) => {$(
        #[doc = concat!("`PJRT_", stringify!($name), "`, opaque.")]
        #[repr(C)]
        pub(crate) struct $name {
            _private: [u8; 0],
        }
    )*};
}

opaque! {
    Error Event Client Device Memory DeviceDescription TopologyDescription Executable LoadedExecutable Buffer ExecuteContext
    SerializedExecutable
}

/// `PJRT_Extension_Base`: one link of a chain of extensions.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ExtensionBase {
    pub(crate) struct_size: usize,
    pub(crate) kind: i32,
    pub(crate) next: *const ExtensionBase,
}

/// `PJRT_Api_Version`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ApiVersion {
    pub(crate) struct_size: usize,
    pub(crate) extension_start: *const ExtensionBase,
    pub(crate) major: i32,
    pub(crate) minor: i32,
}

/// Any slot of the table; its real type follows from its position (see [`Args`]).
pub(crate) type Slot = Option<unsafe extern "C" fn()>;

/// `PJRT_Api`: what `GetPjrtApi` returns. Of `slots`, only those within `struct_size` exist.
#[repr(C)]
pub(crate) struct Api {
    pub(crate) struct_size: usize,
    pub(crate) extension_start: *const ExtensionBase,
    pub(crate) version: ApiVersion,
    pub(crate) slots: [Slot; CALLS],
}

/// The calls in the order of the table; the discriminant is the position of the slot.
macro_rules! calls {
    ($($variant:ident = $name:literal,)*) => {
        #[allow(dead_code, reason = "positions in the table count, whether called or not")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(usize)]
        pub(crate) enum Call { $($variant,)* }

        const NAMES: &[&str] = &[$($name,)*];

        /// The number of calls that version 0.81 of the table has.
        pub(crate) const CALLS: usize = NAMES.len();

        impl Call {
            /// The name that the header gives the call.
            pub(crate) fn name(self) -> &'static str {
                NAMES[self as usize]
            }
        }
    };
}

calls! {
    ErrorDestroy = "PJRT_Error_Destroy",
    ErrorMessage = "PJRT_Error_Message",
    ErrorGetCode = "PJRT_Error_GetCode",
    PluginInitialize = "PJRT_Plugin_Initialize",
    PluginAttributes = "PJRT_Plugin_Attributes",
    EventDestroy = "PJRT_Event_Destroy",
    EventIsReady = "PJRT_Event_IsReady",
    EventError = "PJRT_Event_Error",
    EventAwait = "PJRT_Event_Await",
    EventOnReady = "PJRT_Event_OnReady",
    ClientCreate = "PJRT_Client_Create",
    ClientDestroy = "PJRT_Client_Destroy",
    ClientPlatformName = "PJRT_Client_PlatformName",
    ClientProcessIndex = "PJRT_Client_ProcessIndex",
    ClientPlatformVersion = "PJRT_Client_PlatformVersion",
    ClientDevices = "PJRT_Client_Devices",
    ClientAddressableDevices = "PJRT_Client_AddressableDevices",
    ClientLookupDevice = "PJRT_Client_LookupDevice",
    ClientLookupAddressableDevice = "PJRT_Client_LookupAddressableDevice",
    ClientAddressableMemories = "PJRT_Client_AddressableMemories",
    ClientCompile = "PJRT_Client_Compile",
    ClientDefaultDeviceAssignment = "PJRT_Client_DefaultDeviceAssignment",
    ClientBufferFromHostBuffer = "PJRT_Client_BufferFromHostBuffer",
    DeviceDescriptionId = "PJRT_DeviceDescription_Id",
    DeviceDescriptionProcessIndex = "PJRT_DeviceDescription_ProcessIndex",
    DeviceDescriptionAttributes = "PJRT_DeviceDescription_Attributes",
    DeviceDescriptionKind = "PJRT_DeviceDescription_Kind",
    DeviceDescriptionDebugString = "PJRT_DeviceDescription_DebugString",
    DeviceDescriptionToString = "PJRT_DeviceDescription_ToString",
    DeviceGetDescription = "PJRT_Device_GetDescription",
    DeviceIsAddressable = "PJRT_Device_IsAddressable",
    DeviceLocalHardwareId = "PJRT_Device_LocalHardwareId",
    DeviceAddressableMemories = "PJRT_Device_AddressableMemories",
    DeviceDefaultMemory = "PJRT_Device_DefaultMemory",
    DeviceMemoryStats = "PJRT_Device_MemoryStats",
    MemoryId = "PJRT_Memory_Id",
    MemoryKind = "PJRT_Memory_Kind",
    MemoryDebugString = "PJRT_Memory_DebugString",
    MemoryToString = "PJRT_Memory_ToString",
    MemoryAddressableByDevices = "PJRT_Memory_AddressableByDevices",
    ExecutableDestroy = "PJRT_Executable_Destroy",
    ExecutableName = "PJRT_Executable_Name",
    ExecutableNumReplicas = "PJRT_Executable_NumReplicas",
    ExecutableNumPartitions = "PJRT_Executable_NumPartitions",
    ExecutableNumOutputs = "PJRT_Executable_NumOutputs",
    ExecutableSizeOfGeneratedCodeInBytes = "PJRT_Executable_SizeOfGeneratedCodeInBytes",
    ExecutableGetCostAnalysis = "PJRT_Executable_GetCostAnalysis",
    ExecutableOutputMemoryKinds = "PJRT_Executable_OutputMemoryKinds",
    ExecutableOptimizedProgram = "PJRT_Executable_OptimizedProgram",
    ExecutableSerialize = "PJRT_Executable_Serialize",
    LoadedExecutableDestroy = "PJRT_LoadedExecutable_Destroy",
    LoadedExecutableGetExecutable = "PJRT_LoadedExecutable_GetExecutable",
    LoadedExecutableAddressableDevices = "PJRT_LoadedExecutable_AddressableDevices",
    LoadedExecutableDelete = "PJRT_LoadedExecutable_Delete",
    LoadedExecutableIsDeleted = "PJRT_LoadedExecutable_IsDeleted",
    LoadedExecutableExecute = "PJRT_LoadedExecutable_Execute",
    ExecutableDeserializeAndLoad = "PJRT_Executable_DeserializeAndLoad",
    LoadedExecutableFingerprint = "PJRT_LoadedExecutable_Fingerprint",
    BufferDestroy = "PJRT_Buffer_Destroy",
    BufferElementType = "PJRT_Buffer_ElementType",
    BufferDimensions = "PJRT_Buffer_Dimensions",
    BufferUnpaddedDimensions = "PJRT_Buffer_UnpaddedDimensions",
    BufferDynamicDimensionIndices = "PJRT_Buffer_DynamicDimensionIndices",
    BufferGetMemoryLayout = "PJRT_Buffer_GetMemoryLayout",
    BufferOnDeviceSizeInBytes = "PJRT_Buffer_OnDeviceSizeInBytes",
    BufferDevice = "PJRT_Buffer_Device",
    BufferMemory = "PJRT_Buffer_Memory",
    BufferDelete = "PJRT_Buffer_Delete",
    BufferIsDeleted = "PJRT_Buffer_IsDeleted",
    BufferCopyToDevice = "PJRT_Buffer_CopyToDevice",
    BufferToHostBuffer = "PJRT_Buffer_ToHostBuffer",
    BufferIsOnCpu = "PJRT_Buffer_IsOnCpu",
    BufferReadyEvent = "PJRT_Buffer_ReadyEvent",
    BufferUnsafePointer = "PJRT_Buffer_UnsafePointer",
    BufferIncreaseExternalReferenceCount = "PJRT_Buffer_IncreaseExternalReferenceCount",
    BufferDecreaseExternalReferenceCount = "PJRT_Buffer_DecreaseExternalReferenceCount",
    BufferOpaqueDeviceMemoryDataPointer = "PJRT_Buffer_OpaqueDeviceMemoryDataPointer",
    CopyToDeviceStreamDestroy = "PJRT_CopyToDeviceStream_Destroy",
    CopyToDeviceStreamAddChunk = "PJRT_CopyToDeviceStream_AddChunk",
    CopyToDeviceStreamTotalBytes = "PJRT_CopyToDeviceStream_TotalBytes",
    CopyToDeviceStreamGranuleSize = "PJRT_CopyToDeviceStream_GranuleSize",
    CopyToDeviceStreamCurrentBytes = "PJRT_CopyToDeviceStream_CurrentBytes",
    TopologyDescriptionCreate = "PJRT_TopologyDescription_Create",
    TopologyDescriptionDestroy = "PJRT_TopologyDescription_Destroy",
    TopologyDescriptionPlatformName = "PJRT_TopologyDescription_PlatformName",
    TopologyDescriptionPlatformVersion = "PJRT_TopologyDescription_PlatformVersion",
    TopologyDescriptionGetDeviceDescriptions = "PJRT_TopologyDescription_GetDeviceDescriptions",
    TopologyDescriptionSerialize = "PJRT_TopologyDescription_Serialize",
    TopologyDescriptionAttributes = "PJRT_TopologyDescription_Attributes",
    Compile = "PJRT_Compile",
    ExecutableOutputElementTypes = "PJRT_Executable_OutputElementTypes",
    ExecutableOutputDimensions = "PJRT_Executable_OutputDimensions",
    BufferCopyToMemory = "PJRT_Buffer_CopyToMemory",
    ClientCreateViewOfDeviceBuffer = "PJRT_Client_CreateViewOfDeviceBuffer",
    ExecutableFingerprint = "PJRT_Executable_Fingerprint",
    ClientTopologyDescription = "PJRT_Client_TopologyDescription",
    ExecutableGetCompiledMemoryStats = "PJRT_Executable_GetCompiledMemoryStats",
    MemoryKindId = "PJRT_Memory_Kind_Id",
    ExecuteContextCreate = "PJRT_ExecuteContext_Create",
    ExecuteContextDestroy = "PJRT_ExecuteContext_Destroy",
    BufferCopyRawToHost = "PJRT_Buffer_CopyRawToHost",
    AsyncHostToDeviceTransferManagerDestroy = "PJRT_AsyncHostToDeviceTransferManager_Destroy",
    AsyncHostToDeviceTransferManagerTransferData = "PJRT_AsyncHostToDeviceTransferManager_TransferData",
    ClientCreateBuffersForAsyncHostToDevice = "PJRT_Client_CreateBuffersForAsyncHostToDevice",
    AsyncHostToDeviceTransferManagerRetrieveBuffer = "PJRT_AsyncHostToDeviceTransferManager_RetrieveBuffer",
    AsyncHostToDeviceTransferManagerDevice = "PJRT_AsyncHostToDeviceTransferManager_Device",
    AsyncHostToDeviceTransferManagerBufferCount = "PJRT_AsyncHostToDeviceTransferManager_BufferCount",
    AsyncHostToDeviceTransferManagerBufferSize = "PJRT_AsyncHostToDeviceTransferManager_BufferSize",
    AsyncHostToDeviceTransferManagerSetBufferError = "PJRT_AsyncHostToDeviceTransferManager_SetBufferError",
    AsyncHostToDeviceTransferManagerAddMetadata = "PJRT_AsyncHostToDeviceTransferManager_AddMetadata",
    ClientDmaMap = "PJRT_Client_DmaMap",
    ClientDmaUnmap = "PJRT_Client_DmaUnmap",
    ClientCreateUninitializedBuffer = "PJRT_Client_CreateUninitializedBuffer",
    ClientUpdateGlobalProcessInfo = "PJRT_Client_UpdateGlobalProcessInfo",
    TopologyDescriptionDeserialize = "PJRT_TopologyDescription_Deserialize",
    ClientCreateAliasBuffer = "PJRT_Client_CreateAliasBuffer",
    ClientFulfillAliasBuffer = "PJRT_Client_FulfillAliasBuffer",
    LoadedExecutableGetDeviceAssignment = "PJRT_LoadedExecutable_GetDeviceAssignment",
}

/// The argument struct of a call. Of almost all calls: they return an error or null.
///
/// # Safety
///
/// `CALL`'s slot must hold a function that takes a pointer to this struct and returns `*mut Error`,
/// or nothing for `PJRT_Error_Destroy` and `PJRT_Error_Message`, which are not called through this
/// trait.
pub(crate) unsafe trait Args: Default {
    /// The call that takes these arguments.
    const CALL: Call;
}

/// The size of a field, named by a projection to it.
const fn size_of_field<S, F>(_: fn(&S) -> &F) -> usize {
    size_of::<F>()
}

/// A struct that begins with `struct_size` and `extension_start`; the default fills in the size and
/// zeroes the rest.
macro_rules! sized_struct {
    ($name:ident { $($field:ident: $kind:ty,)* } last $last:ident) => {
        #[doc = concat!("See `PJRT_", stringify!($name), "` in the header.")]
        #[repr(C)]
        #[derive(Clone, Copy)]
        pub(crate) struct $name {
            pub(crate) struct_size: usize,
            pub(crate) extension_start: *const ExtensionBase,
            $(pub(crate) $field: $kind,)*
        }

        impl $name {
            /// `struct_size` as the header defines it: without the padding after the last field.
            pub(crate) const SIZE: usize =
                std::mem::offset_of!($name, $last) + size_of_field::<$name, _>(|s| &s.$last);
        }

        impl Default for $name {
            fn default() -> Self {
                Self {
                    struct_size: Self::SIZE,
                    extension_start: std::ptr::null(),
                    $($field: Default::default(),)*
                }
            }
        }
    };
}

/// Argument structs with the call that takes them.
macro_rules! args {
    ($($call:ident: $name:ident { $($field:ident: $kind:ty,)* } last $last:ident;)*) => {$(
        sized_struct! { $name { $($field: $kind,)* } last $last }

        // SAFETY: the header declares the call with a pointer to this struct and a returned error.
        unsafe impl Args for $name {
            const CALL: Call = Call::$call;
        }
    )*};
}

sized_struct! { ErrorDestroyArgs { error: *mut Error, } last error }
sized_struct! { ErrorMessageArgs {
    error: *const Error, message: *const c_char, message_size: usize,
} last message_size }

sized_struct! { Program {
    code: *mut c_char, code_size: usize, format: *const c_char, format_size: usize,
} last format_size }

sized_struct! { LayoutTiled {
    minor_to_major: *const i64, minor_to_major_size: usize, tile_dims: *const i64, tile_dim_sizes: *const usize,
    num_tiles: usize,
} last num_tiles }

// The union of the header holds `tiled` or `strides`; `tiled` is the larger and the only one used
// here.
sized_struct! { MemoryLayout { tiled: LayoutTiled, kind: i32, } last kind }

/// `PJRT_Buffer_MemoryLayout_Type_Tiled`.
pub(crate) const LAYOUT_TILED: i32 = 0;

/// `PJRT_HostBufferSemantics`.
pub(crate) const IMMUTABLE_ONLY_DURING_CALL: i32 = 0;
/// See [`IMMUTABLE_ONLY_DURING_CALL`].
pub(crate) const IMMUTABLE_ZERO_COPY: i32 = 2;
/// See [`IMMUTABLE_ONLY_DURING_CALL`].
pub(crate) const IMMUTABLE_UNTIL_TRANSFER_COMPLETES: i32 = 1;

/// The value of a [`NamedValue`]; its `kind` says which.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) union NamedValueUnion {
    pub(crate) string: *const c_char,
    pub(crate) int64: i64,
    pub(crate) int64_list: *const i64,
    pub(crate) float: f32,
    pub(crate) bool: bool,
}

impl Default for NamedValueUnion {
    fn default() -> Self {
        Self { int64: 0 }
    }
}

sized_struct! { NamedValue {
    name: *const c_char, name_size: usize, kind: i32, value: NamedValueUnion, value_size: usize,
} last value_size }

/// `PJRT_NamedValue_kString` and its neighbours.
pub(crate) const NAMED_STRING: i32 = 0;
/// See [`NAMED_STRING`].
pub(crate) const NAMED_INT64: i32 = 1;
/// See [`NAMED_STRING`].
pub(crate) const NAMED_INT64_LIST: i32 = 2;
/// See [`NAMED_STRING`].
pub(crate) const NAMED_FLOAT: i32 = 3;
/// See [`NAMED_STRING`].
pub(crate) const NAMED_BOOL: i32 = 4;

sized_struct! { ExecuteOptions {
    send_callbacks: *const c_void, recv_callbacks: *const c_void, num_send_ops: usize, num_recv_ops: usize, launch_id: i32,
    non_donatable_input_indices: *const i64, num_non_donatable_input_indices: usize, context: *mut ExecuteContext,
    call_location: *const c_char, num_tasks: usize, task_ids: *const i32, incarnation_ids: *const i64,
    multi_slice_config: *const c_void,
} last multi_slice_config }

/// Structs that have grown at their end: the first field of each addition, with the minor version
/// that brought it (changelog of the C API). Newer plugins refuse the shorter struct, and older ones
/// may refuse the longer.
macro_rules! grown {
    ($($name:ident { $($minor:literal: $field:ident,)* })*) => {$(
        impl $name {
            /// A struct of the size that a plugin of this minor version expects.
            pub(crate) fn for_minor(minor: i32) -> Self {
                let mut full = Self::default();
                $(if minor < $minor {
                    full.struct_size = full.struct_size.min(std::mem::offset_of!(Self, $field));
                })*
                full
            }
        }
    )*};
}

grown! {
    ClientCreateArgs { 61: kv_try_get_callback, }
    ExecuteOptions { 64: context, 76: call_location, 78: num_tasks, 97: multi_slice_config, }
    DeserializeAndLoadArgs { 71: overridden_compile_options, }
    CompiledMemoryStatsArgs { 72: peak_memory, 90: total, 104: total_allocation, }
}

/// `PJRT_CallbackError`, behind a pointer to it.
pub(crate) type CallbackError =
    unsafe extern "C" fn(code: i32, message: *const c_char, message_size: usize) -> *mut Error;

/// `PJRT_KeyValueGetCallback` and its neighbours.
pub(crate) type KvCallback<A> = Option<unsafe extern "C" fn(*mut A) -> *mut Error>;

sized_struct! { KvGetArgs {
    key: *const c_char, key_size: usize, timeout_in_ms: i32, callback_error: *mut CallbackError, user_arg: *mut c_void,
    value: *mut c_char, value_size: usize, value_deleter: Deleter<c_char>,
} last value_deleter }
sized_struct! { KvTryGetArgs {
    key: *const c_char, key_size: usize, callback_error: *mut CallbackError, user_arg: *mut c_void, value: *mut c_char,
    value_size: usize, value_deleter: Deleter<c_char>,
} last value_deleter }
sized_struct! { KvPutArgs {
    key: *const c_char, key_size: usize, value: *const c_char, value_size: usize, callback_error: *mut CallbackError,
    user_arg: *mut c_void,
} last user_arg }

/// `PJRT_Event_OnReadyCallback`.
pub(crate) type OnReadyCallback =
    Option<unsafe extern "C" fn(error: *mut Error, user_arg: *mut c_void)>;

/// Frees what backs the bytes of a serialised executable.
pub(crate) type Deleter<T> = Option<unsafe extern "C" fn(*mut T)>;

args! {
    ErrorGetCode: ErrorGetCodeArgs { error: *const Error, code: i32, } last code;
    PluginAttributes: PluginAttributesArgs { attributes: *const NamedValue, num_attributes: usize, } last num_attributes;

    EventDestroy: EventDestroyArgs { event: *mut Event, } last event;
    EventIsReady: EventIsReadyArgs { event: *mut Event, is_ready: bool, } last is_ready;
    EventAwait: EventAwaitArgs { event: *mut Event, } last event;
    EventOnReady: EventOnReadyArgs {
        event: *mut Event, callback: OnReadyCallback, user_arg: *mut c_void,
    } last user_arg;

    ClientCreate: ClientCreateArgs {
        create_options: *const NamedValue, num_options: usize, kv_get_callback: KvCallback<KvGetArgs>,
        kv_get_user_arg: *mut c_void, kv_put_callback: KvCallback<KvPutArgs>, kv_put_user_arg: *mut c_void,
        client: *mut Client, kv_try_get_callback: KvCallback<KvTryGetArgs>, kv_try_get_user_arg: *mut c_void,
    } last kv_try_get_user_arg;
    ClientDestroy: ClientDestroyArgs { client: *mut Client, } last client;
    ClientPlatformName: ClientPlatformNameArgs {
        client: *mut Client, platform_name: *const c_char, platform_name_size: usize,
    } last platform_name_size;
    ClientPlatformVersion: ClientPlatformVersionArgs {
        client: *mut Client, platform_version: *const c_char, platform_version_size: usize,
    } last platform_version_size;
    ClientAddressableDevices: ClientAddressableDevicesArgs {
        client: *mut Client, devices: *const *mut Device, num_devices: usize,
    } last num_devices;
    ClientProcessIndex: ClientProcessIndexArgs { client: *mut Client, process_index: i32, } last process_index;
    ClientDevices: ClientDevicesArgs {
        client: *mut Client, devices: *const *mut Device, num_devices: usize,
    } last num_devices;
    ClientCompile: ClientCompileArgs {
        client: *mut Client, program: *const Program, compile_options: *const c_char, compile_options_size: usize,
        executable: *mut LoadedExecutable,
    } last executable;
    ClientBufferFromHostBuffer: BufferFromHostArgs {
        client: *mut Client, data: *const c_void, element_type: i32, dims: *const i64, num_dims: usize,
        byte_strides: *const i64, num_byte_strides: usize, host_buffer_semantics: i32, device: *mut Device,
        memory: *mut Memory, device_layout: *const MemoryLayout, done_with_host_buffer: *mut Event, buffer: *mut Buffer,
    } last buffer;

    DeviceDescriptionId: DeviceIdArgs { description: *mut DeviceDescription, id: i32, } last id;
    DeviceDescriptionProcessIndex: DeviceProcessIndexArgs {
        description: *mut DeviceDescription, process_index: i32,
    } last process_index;
    DeviceDescriptionKind: DeviceKindArgs {
        description: *mut DeviceDescription, kind: *const c_char, kind_size: usize,
    } last kind_size;
    DeviceDescriptionToString: DeviceToStringArgs {
        description: *mut DeviceDescription, to_string: *const c_char, to_string_size: usize,
    } last to_string_size;
    DeviceDescriptionAttributes: DeviceAttributesArgs {
        description: *mut DeviceDescription, num_attributes: usize, attributes: *const NamedValue,
    } last attributes;
    DeviceGetDescription: DeviceGetDescriptionArgs {
        device: *mut Device, description: *mut DeviceDescription,
    } last description;
    DeviceMemoryStats: DeviceMemoryStatsArgs {
        device: *mut Device, bytes_in_use: i64, peak_bytes_in_use: i64, peak_bytes_in_use_is_set: bool, num_allocs: i64,
        num_allocs_is_set: bool, largest_alloc_size: i64, largest_alloc_size_is_set: bool, bytes_limit: i64,
        bytes_limit_is_set: bool, bytes_reserved: i64, bytes_reserved_is_set: bool, peak_bytes_reserved: i64,
        peak_bytes_reserved_is_set: bool, bytes_reservable_limit: i64, bytes_reservable_limit_is_set: bool,
        largest_free_block_bytes: i64, largest_free_block_bytes_is_set: bool, pool_bytes: i64, pool_bytes_is_set: bool,
        peak_pool_bytes: i64, peak_pool_bytes_is_set: bool,
    } last peak_pool_bytes_is_set;

    ExecutableDestroy: ExecutableDestroyArgs { executable: *mut Executable, } last executable;
    ExecutableName: ExecutableNameArgs {
        executable: *mut Executable, name: *const c_char, name_size: usize,
    } last name_size;
    ExecutableNumReplicas: NumReplicasArgs { executable: *mut Executable, num_replicas: usize, } last num_replicas;
    ExecutableNumPartitions: NumPartitionsArgs { executable: *mut Executable, num_partitions: usize, } last num_partitions;
    ExecutableNumOutputs: NumOutputsArgs { executable: *mut Executable, num_outputs: usize, } last num_outputs;
    ExecutableGetCostAnalysis: CostAnalysisArgs {
        executable: *mut Executable, num_properties: usize, properties: *const NamedValue,
    } last properties;
    ExecutableOptimizedProgram: OptimizedProgramArgs { executable: *mut Executable, program: *mut Program, } last program;
    ExecutableSerialize: SerializeArgs {
        executable: *const Executable, bytes: *const c_char, bytes_size: usize, serialized: *mut SerializedExecutable,
        deleter: Deleter<SerializedExecutable>,
    } last deleter;
    ExecutableOutputElementTypes: OutputElementTypesArgs {
        executable: *mut Executable, output_types: *const i32, num_output_types: usize,
    } last num_output_types;
    ExecutableOutputDimensions: OutputDimensionsArgs {
        executable: *mut Executable, num_outputs: usize, dims: *const i64, dim_sizes: *const usize,
    } last dim_sizes;
    ExecutableFingerprint: FingerprintArgs {
        executable: *mut Executable, fingerprint: *const c_char, fingerprint_size: usize,
    } last fingerprint_size;
    ExecutableGetCompiledMemoryStats: CompiledMemoryStatsArgs {
        executable: *mut Executable, generated_code: i64, argument: i64, output: i64, alias: i64, temp: i64,
        host_generated_code: i64, host_argument: i64, host_output: i64, host_alias: i64, host_temp: i64, peak_memory: i64,
        total: i64, total_allocation: i64, indefinite_allocations: i64, peak_unpadded_heap: i64,
    } last peak_unpadded_heap;

    LoadedExecutableDestroy: LoadedExecutableDestroyArgs { executable: *mut LoadedExecutable, } last executable;
    LoadedExecutableGetExecutable: GetExecutableArgs {
        loaded_executable: *mut LoadedExecutable, executable: *mut Executable,
    } last executable;
    LoadedExecutableAddressableDevices: ExecutableDevicesArgs {
        executable: *mut LoadedExecutable, devices: *const *mut Device, num_devices: usize,
    } last num_devices;
    LoadedExecutableExecute: ExecuteArgs {
        executable: *mut LoadedExecutable, options: *const ExecuteOptions, argument_lists: *const *const *mut Buffer,
        num_devices: usize, num_args: usize, output_lists: *const *mut *mut Buffer, device_complete_events: *mut *mut Event,
        execute_device: *mut Device,
    } last execute_device;
    ExecutableDeserializeAndLoad: DeserializeAndLoadArgs {
        client: *mut Client, bytes: *const c_char, bytes_size: usize, loaded_executable: *mut LoadedExecutable,
        overridden_compile_options: *const c_char, overridden_compile_options_size: usize,
    } last overridden_compile_options_size;

    BufferDestroy: BufferDestroyArgs { buffer: *mut Buffer, } last buffer;
    BufferOnDeviceSizeInBytes: BufferOnDeviceSizeArgs { buffer: *mut Buffer, size: usize, } last size;
    BufferDelete: BufferDeleteArgs { buffer: *mut Buffer, } last buffer;
    BufferIsDeleted: BufferIsDeletedArgs { buffer: *mut Buffer, is_deleted: bool, } last is_deleted;
    BufferCopyToDevice: BufferCopyToDeviceArgs {
        buffer: *mut Buffer, device: *mut Device, copy: *mut Buffer,
    } last copy;
    BufferToHostBuffer: BufferToHostArgs {
        src: *mut Buffer, host_layout: *const MemoryLayout, dst: *mut c_void, dst_size: usize, event: *mut Event,
    } last event;
    BufferGetMemoryLayout: MemoryLayoutArgs { buffer: *mut Buffer, layout: MemoryLayout, } last layout;
    BufferIncreaseExternalReferenceCount: IncreaseReferenceArgs { buffer: *mut Buffer, } last buffer;
    BufferDecreaseExternalReferenceCount: DecreaseReferenceArgs { buffer: *mut Buffer, } last buffer;
    BufferOpaqueDeviceMemoryDataPointer: DataPointerArgs { buffer: *mut Buffer, data: *mut c_void, } last data;
    BufferDevice: BufferDeviceArgs { buffer: *mut Buffer, device: *mut Device, } last device;
    BufferReadyEvent: BufferReadyEventArgs { buffer: *mut Buffer, event: *mut Event, } last event;

    TopologyDescriptionCreate: TopologyCreateArgs {
        topology_name: *const c_char, topology_name_size: usize, create_options: *const NamedValue, num_options: usize,
        topology: *mut TopologyDescription,
    } last topology;
    TopologyDescriptionDestroy: TopologyDestroyArgs { topology: *mut TopologyDescription, } last topology;
    TopologyDescriptionPlatformName: TopologyPlatformNameArgs {
        topology: *const TopologyDescription, name: *const c_char, name_size: usize,
    } last name_size;
    TopologyDescriptionPlatformVersion: TopologyPlatformVersionArgs {
        topology: *mut TopologyDescription, version: *const c_char, version_size: usize,
    } last version_size;
    TopologyDescriptionGetDeviceDescriptions: TopologyDevicesArgs {
        topology: *const TopologyDescription, descriptions: *const *mut DeviceDescription, num_descriptions: usize,
    } last num_descriptions;
    TopologyDescriptionAttributes: TopologyAttributesArgs {
        topology: *mut TopologyDescription, attributes: *const NamedValue, num_attributes: usize,
    } last num_attributes;
    Compile: CompileArgs {
        topology: *const TopologyDescription, program: *const Program, compile_options: *const c_char,
        compile_options_size: usize, client: *mut Client, executable: *mut Executable,
    } last executable;
}

sized_struct! { PluginInitializeArgs {} last extension_start }

// SAFETY: the header declares the call with a pointer to this struct and a returned error.
unsafe impl Args for PluginInitializeArgs {
    const CALL: Call = Call::PluginInitialize;
}
