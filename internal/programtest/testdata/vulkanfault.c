// A Vulkan layer that makes a device fail on demand, as real ones do and software ones never: the file named by BESTBOX_VULKAN_FAULT says
// how. "lost": the device is lost, and stays so for this process, as after a GPU reset. "memory": allocations find no memory.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <vulkan/vk_layer.h>
#include <vulkan/vulkan.h>

static PFN_vkGetInstanceProcAddr next_instance_proc;
static PFN_vkGetDeviceProcAddr next_device_proc;
static PFN_vkQueueSubmit next_submit;
static PFN_vkWaitForFences next_wait;
static PFN_vkGetFenceStatus next_status;
static PFN_vkAllocateMemory next_allocate;

static int wanted(const char *fault) {
    const char *path = getenv("BESTBOX_VULKAN_FAULT");
    FILE *file = path ? fopen(path, "r") : NULL;
    char word[16] = "";
    if (file) {
        if (fscanf(file, "%15s", word) != 1) word[0] = 0;
        fclose(file);
    }
    return strcmp(word, fault) == 0;
}

static int lost(void) {
    static volatile int gone;
    if (!gone && wanted("lost")) gone = 1;
    return gone;
}

static VKAPI_ATTR VkResult VKAPI_CALL submit(VkQueue queue, uint32_t count, const VkSubmitInfo *infos, VkFence fence) {
    return lost() ? VK_ERROR_DEVICE_LOST : next_submit(queue, count, infos, fence);
}

static VKAPI_ATTR VkResult VKAPI_CALL wait(VkDevice device, uint32_t count, const VkFence *fences, VkBool32 all, uint64_t timeout) {
    return lost() ? VK_ERROR_DEVICE_LOST : next_wait(device, count, fences, all, timeout);
}

static VKAPI_ATTR VkResult VKAPI_CALL status(VkDevice device, VkFence fence) {
    return lost() ? VK_ERROR_DEVICE_LOST : next_status(device, fence);
}

static VKAPI_ATTR VkResult VKAPI_CALL allocate(VkDevice device, const VkMemoryAllocateInfo *info, const VkAllocationCallbacks *callbacks,
                                               VkDeviceMemory *memory) {
    return wanted("memory") ? VK_ERROR_OUT_OF_DEVICE_MEMORY : next_allocate(device, info, callbacks, memory);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_instance(const VkInstanceCreateInfo *info, const VkAllocationCallbacks *callbacks, VkInstance *instance) {
    VkLayerInstanceCreateInfo *link = (VkLayerInstanceCreateInfo *)info->pNext;
    while (link->sType != VK_STRUCTURE_TYPE_LOADER_INSTANCE_CREATE_INFO || link->function != VK_LAYER_LINK_INFO)
        link = (VkLayerInstanceCreateInfo *)link->pNext;
    next_instance_proc = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    return ((PFN_vkCreateInstance)next_instance_proc(NULL, "vkCreateInstance"))(info, callbacks, instance);
}

static VKAPI_ATTR VkResult VKAPI_CALL create_device(VkPhysicalDevice physical, const VkDeviceCreateInfo *info, const VkAllocationCallbacks *callbacks,
                                                    VkDevice *device) {
    VkLayerDeviceCreateInfo *link = (VkLayerDeviceCreateInfo *)info->pNext;
    while (link->sType != VK_STRUCTURE_TYPE_LOADER_DEVICE_CREATE_INFO || link->function != VK_LAYER_LINK_INFO)
        link = (VkLayerDeviceCreateInfo *)link->pNext;
    PFN_vkGetInstanceProcAddr instance_proc = link->u.pLayerInfo->pfnNextGetInstanceProcAddr;
    next_device_proc = link->u.pLayerInfo->pfnNextGetDeviceProcAddr;
    link->u.pLayerInfo = link->u.pLayerInfo->pNext;
    VkResult result = ((PFN_vkCreateDevice)instance_proc(NULL, "vkCreateDevice"))(physical, info, callbacks, device);
    if (result == VK_SUCCESS) {
        next_submit = (PFN_vkQueueSubmit)next_device_proc(*device, "vkQueueSubmit");
        next_wait = (PFN_vkWaitForFences)next_device_proc(*device, "vkWaitForFences");
        next_status = (PFN_vkGetFenceStatus)next_device_proc(*device, "vkGetFenceStatus");
        next_allocate = (PFN_vkAllocateMemory)next_device_proc(*device, "vkAllocateMemory");
    }
    return result;
}

VK_LAYER_EXPORT VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vkGetInstanceProcAddr(VkInstance instance, const char *name);
VK_LAYER_EXPORT VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vkGetDeviceProcAddr(VkDevice device, const char *name);

static PFN_vkVoidFunction own(const char *name) {
    static const struct {
        const char *name;
        PFN_vkVoidFunction function;
    } functions[] = {
        {"vkGetInstanceProcAddr", (PFN_vkVoidFunction)vkGetInstanceProcAddr},
        {"vkGetDeviceProcAddr", (PFN_vkVoidFunction)vkGetDeviceProcAddr},
        {"vkCreateInstance", (PFN_vkVoidFunction)create_instance},
        {"vkCreateDevice", (PFN_vkVoidFunction)create_device},
        {"vkQueueSubmit", (PFN_vkVoidFunction)submit},
        {"vkWaitForFences", (PFN_vkVoidFunction)wait},
        {"vkGetFenceStatus", (PFN_vkVoidFunction)status},
        {"vkAllocateMemory", (PFN_vkVoidFunction)allocate},
    };
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strcmp(name, functions[i].name) == 0) return functions[i].function;
    return NULL;
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vkGetInstanceProcAddr(VkInstance instance, const char *name) {
    PFN_vkVoidFunction function = own(name);
    return function ? function : next_instance_proc(instance, name);
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vkGetDeviceProcAddr(VkDevice device, const char *name) {
    PFN_vkVoidFunction function = own(name);
    return function ? function : next_device_proc(device, name);
}
