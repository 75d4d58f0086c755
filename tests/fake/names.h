/* With FAKE_HIP the driver and the compiler have AMD's names: the two vendors'
 * calls take the same arguments, of the same types in memory, and the codes of
 * errors are the same (hip_runtime_api.h and hiprtc.h of ROCm 6).  hip_own.c
 * has what differs. */
#ifndef FAKE_NAMES_H
#define FAKE_NAMES_H

#ifdef FAKE_HIP
#define cuInit hipInit
#define cuDriverGetVersion hipDriverGetVersion
#define cuDeviceGetCount hipGetDeviceCount
#define cuDeviceGet hipDeviceGet
#define cuDeviceGetName hipDeviceGetName
#define cuDeviceGetUuid_v2 hipDeviceGetUuid
#define cuDeviceGetAttribute hipDeviceGetAttribute
#define cuDeviceTotalMem_v2 hipDeviceTotalMem
#define cuCtxSetLimit hipDeviceSetLimit
#define cuCtxSynchronize hipDeviceSynchronize
#define cuStreamCreate hipStreamCreateWithFlags
#define cuEventCreate hipEventCreateWithFlags
#define cuEventRecord hipEventRecord
#define cuEventQuery hipEventQuery
#define cuEventElapsedTime hipEventElapsedTime
#define cuModuleLoadData hipModuleLoadData
#define cuModuleUnload hipModuleUnload
#define cuModuleGetFunction hipModuleGetFunction
#define cuFuncGetAttribute hipFuncGetAttribute
#define cuMemAlloc_v2 hipMalloc
#define cuMemFree_v2 hipFree
#define cuMemHostAlloc hipHostMalloc
#define cuMemHostGetDevicePointer_v2 hipHostGetDevicePointer
#define cuMemcpyHtoD_v2 hipMemcpyHtoD
#define cuMemcpyDtoH_v2 hipMemcpyDtoH
#define cuMemcpyDtoD_v2 hipMemcpyDtoD
#define cuMemsetD8_v2 hipMemsetD8
#define cuMemGetAllocationGranularity hipMemGetAllocationGranularity
#define cuMemAddressReserve hipMemAddressReserve
#define cuMemCreate hipMemCreate
#define cuMemRelease hipMemRelease
#define cuMemMap hipMemMap
#define cuMemSetAccess hipMemSetAccess
#define cuMemExportToShareableHandle hipMemExportToShareableHandle
#define cuMemImportFromShareableHandle hipMemImportFromShareableHandle

#define nvrtcVersion hiprtcVersion
#define nvrtcCreateProgram hiprtcCreateProgram
#define nvrtcDestroyProgram hiprtcDestroyProgram
#define nvrtcCompileProgram hiprtcCompileProgram
#define nvrtcGetProgramLogSize hiprtcGetProgramLogSize
#define nvrtcGetProgramLog hiprtcGetProgramLog
#define nvrtcGetCUBINSize hiprtcGetCodeSize
#define nvrtcGetCUBIN hiprtcGetCode
#define nvrtcGetErrorString hiprtcGetErrorString
#endif

#endif
