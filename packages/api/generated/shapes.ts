// Written by generate.ts from spec/engine-api-v1.55.yaml. Do not edit.
import type { Shape } from '../shape.ts'

/** Request bodies by operationId. */
export const bodies = {
 "ContainerCreate": {
  "fields": {
   "Hostname": "string",
   "Domainname": "string",
   "User": "string",
   "AttachStdin": "boolean",
   "AttachStdout": "boolean",
   "AttachStderr": "boolean",
   "ExposedPorts": {
    "map": {
     "map": "any"
    }
   },
   "Tty": "boolean",
   "OpenStdin": "boolean",
   "StdinOnce": "boolean",
   "Env": {
    "array": "string"
   },
   "Cmd": "command",
   "Healthcheck": {
    "ref": "HealthConfig"
   },
   "ArgsEscaped": "boolean",
   "Image": "string",
   "Volumes": {
    "map": {
     "map": "any"
    }
   },
   "WorkingDir": "string",
   "Entrypoint": "command",
   "NetworkDisabled": "boolean",
   "OnBuild": {
    "array": "string"
   },
   "Labels": {
    "map": "string"
   },
   "StopSignal": "string",
   "StopTimeout": "integer",
   "Shell": {
    "array": "string"
   },
   "HostConfig": {
    "ref": "HostConfig"
   },
   "NetworkingConfig": {
    "ref": "NetworkingConfig"
   },
   "MacAddress": "string"
  }
 },
 "ContainerUpdate": {
  "fields": {
   "CpuShares": "integer",
   "Memory": "integer",
   "CgroupParent": "string",
   "BlkioWeight": "integer",
   "BlkioWeightDevice": {
    "array": {
     "fields": {
      "Path": "string",
      "Weight": "integer"
     }
    }
   },
   "BlkioDeviceReadBps": {
    "array": {
     "ref": "ThrottleDevice"
    }
   },
   "BlkioDeviceWriteBps": {
    "array": {
     "ref": "ThrottleDevice"
    }
   },
   "BlkioDeviceReadIOps": {
    "array": {
     "ref": "ThrottleDevice"
    }
   },
   "BlkioDeviceWriteIOps": {
    "array": {
     "ref": "ThrottleDevice"
    }
   },
   "CpuPeriod": "integer",
   "CpuQuota": "integer",
   "CpuRealtimePeriod": "integer",
   "CpuRealtimeRuntime": "integer",
   "CpusetCpus": "string",
   "CpusetMems": "string",
   "Devices": {
    "array": {
     "ref": "DeviceMapping"
    }
   },
   "DeviceCgroupRules": {
    "array": "string"
   },
   "DeviceRequests": {
    "array": {
     "ref": "DeviceRequest"
    }
   },
   "MemoryReservation": "integer",
   "MemorySwap": "integer",
   "MemorySwappiness": "integer",
   "NanoCpus": "integer",
   "OomKillDisable": "boolean",
   "Init": "boolean",
   "PidsLimit": "integer",
   "Ulimits": {
    "array": {
     "fields": {
      "Name": "string",
      "Soft": "integer",
      "Hard": "integer"
     }
    }
   },
   "CpuCount": "integer",
   "CpuPercent": "integer",
   "IOMaximumIOps": "integer",
   "IOMaximumBandwidth": "integer",
   "RestartPolicy": {
    "ref": "RestartPolicy"
   },
   "KernelMemory": "integer"
  }
 },
 "ContainerExec": {
  "fields": {
   "AttachStdin": "boolean",
   "AttachStdout": "boolean",
   "AttachStderr": "boolean",
   "ConsoleSize": {
    "array": "integer"
   },
   "DetachKeys": "string",
   "Tty": "boolean",
   "Env": {
    "array": "string"
   },
   "Cmd": {
    "array": "string"
   },
   "Privileged": "boolean",
   "User": "string",
   "WorkingDir": "string"
  }
 },
 "ExecStart": {
  "fields": {
   "Detach": "boolean",
   "Tty": "boolean",
   "ConsoleSize": {
    "array": "integer"
   }
  }
 },
 "NetworkCreate": {
  "fields": {
   "Name": "string",
   "Driver": "string",
   "Scope": "string",
   "Internal": "boolean",
   "Attachable": "boolean",
   "Ingress": "boolean",
   "ConfigOnly": "boolean",
   "ConfigFrom": {
    "ref": "ConfigReference"
   },
   "IPAM": {
    "ref": "IPAM"
   },
   "EnableIPv4": "boolean",
   "EnableIPv6": "boolean",
   "Options": {
    "map": "string"
   },
   "Labels": {
    "map": "string"
   }
  }
 },
 "NetworkConnect": {
  "ref": "NetworkConnectRequest"
 },
 "NetworkDisconnect": {
  "ref": "NetworkDisconnectRequest"
 },
 "VolumeCreate": {
  "ref": "VolumeCreateRequest"
 },
 "ImageCommit": {
  "ref": "ContainerConfig"
 }
} satisfies Record<string, Shape>

/** The definitions that the bodies refer to. */
export const shapes: Readonly<Record<string, Shape>> = {
 "ContainerConfig": {
  "fields": {
   "Hostname": "string",
   "Domainname": "string",
   "User": "string",
   "AttachStdin": "boolean",
   "AttachStdout": "boolean",
   "AttachStderr": "boolean",
   "ExposedPorts": {
    "map": {
     "map": "any"
    }
   },
   "Tty": "boolean",
   "OpenStdin": "boolean",
   "StdinOnce": "boolean",
   "Env": {
    "array": "string"
   },
   "Cmd": "command",
   "Healthcheck": {
    "ref": "HealthConfig"
   },
   "ArgsEscaped": "boolean",
   "Image": "string",
   "Volumes": {
    "map": {
     "map": "any"
    }
   },
   "WorkingDir": "string",
   "Entrypoint": "command",
   "NetworkDisabled": "boolean",
   "OnBuild": {
    "array": "string"
   },
   "Labels": {
    "map": "string"
   },
   "StopSignal": "string",
   "StopTimeout": "integer",
   "Shell": {
    "array": "string"
   }
  }
 },
 "HealthConfig": {
  "fields": {
   "Test": {
    "array": "string"
   },
   "Interval": "integer",
   "Timeout": "integer",
   "Retries": "integer",
   "StartPeriod": "integer",
   "StartInterval": "integer"
  }
 },
 "VolumeCreateRequest": {
  "fields": {
   "Name": "string",
   "Driver": "string",
   "DriverOpts": {
    "map": "string"
   },
   "Labels": {
    "map": "string"
   },
   "ClusterVolumeSpec": {
    "ref": "ClusterVolumeSpec"
   }
  }
 },
 "ClusterVolumeSpec": {
  "fields": {
   "Group": "string",
   "AccessMode": {
    "fields": {
     "Scope": "string",
     "Sharing": "string",
     "MountVolume": {
      "map": "any"
     },
     "Secrets": {
      "array": {
       "fields": {
        "Key": "string",
        "Secret": "string"
       }
      }
     },
     "AccessibilityRequirements": {
      "fields": {
       "Requisite": {
        "array": {
         "ref": "Topology"
        }
       },
       "Preferred": {
        "array": {
         "ref": "Topology"
        }
       }
      }
     },
     "CapacityRange": {
      "fields": {
       "RequiredBytes": "integer",
       "LimitBytes": "integer"
      }
     },
     "Availability": "string"
    }
   }
  }
 },
 "Topology": {
  "fields": {
   "Segments": {
    "map": "string"
   }
  }
 },
 "NetworkDisconnectRequest": {
  "fields": {
   "Container": "string",
   "Force": "boolean"
  }
 },
 "NetworkConnectRequest": {
  "fields": {
   "Container": "string",
   "EndpointConfig": {
    "ref": "EndpointSettings"
   }
  }
 },
 "EndpointSettings": {
  "fields": {
   "IPAMConfig": {
    "ref": "EndpointIPAMConfig"
   },
   "Links": {
    "array": "string"
   },
   "MacAddress": "string",
   "Aliases": {
    "array": "string"
   },
   "DriverOpts": {
    "map": "string"
   },
   "GwPriority": "integer",
   "NetworkID": "string",
   "EndpointID": "string",
   "Gateway": "string",
   "IPAddress": "string",
   "IPPrefixLen": "integer",
   "IPv6Gateway": "string",
   "GlobalIPv6Address": "string",
   "GlobalIPv6PrefixLen": "integer",
   "DNSNames": {
    "array": "string"
   }
  }
 },
 "EndpointIPAMConfig": {
  "fields": {
   "IPv4Address": "string",
   "IPv6Address": "string",
   "LinkLocalIPs": {
    "array": "string"
   }
  }
 },
 "IPAM": {
  "fields": {
   "Driver": "string",
   "Config": {
    "array": {
     "ref": "IPAMConfig"
    }
   },
   "Options": {
    "map": "string"
   }
  }
 },
 "IPAMConfig": {
  "fields": {
   "Subnet": "string",
   "IPRange": "string",
   "Gateway": "string",
   "AuxiliaryAddresses": {
    "map": "string"
   }
  }
 },
 "ConfigReference": {
  "fields": {
   "Network": "string"
  }
 },
 "RestartPolicy": {
  "fields": {
   "Name": "string",
   "MaximumRetryCount": "integer"
  }
 },
 "DeviceRequest": {
  "fields": {
   "Driver": "string",
   "Count": "integer",
   "DeviceIDs": {
    "array": "string"
   },
   "Capabilities": {
    "array": {
     "array": "string"
    }
   },
   "Options": {
    "map": "string"
   }
  }
 },
 "DeviceMapping": {
  "fields": {
   "PathOnHost": "string",
   "PathInContainer": "string",
   "CgroupPermissions": "string"
  }
 },
 "ThrottleDevice": {
  "fields": {
   "Path": "string",
   "Rate": "integer"
  }
 },
 "NetworkingConfig": {
  "fields": {
   "EndpointsConfig": {
    "map": {
     "ref": "EndpointSettings"
    }
   }
  }
 },
 "HostConfig": {
  "fields": {
   "CpuShares": "integer",
   "Memory": "integer",
   "CgroupParent": "string",
   "BlkioWeight": "integer",
   "BlkioWeightDevice": {
    "array": {
     "fields": {
      "Path": "string",
      "Weight": "integer"
     }
    }
   },
   "BlkioDeviceReadBps": {
    "array": {
     "ref": "ThrottleDevice"
    }
   },
   "BlkioDeviceWriteBps": {
    "array": {
     "ref": "ThrottleDevice"
    }
   },
   "BlkioDeviceReadIOps": {
    "array": {
     "ref": "ThrottleDevice"
    }
   },
   "BlkioDeviceWriteIOps": {
    "array": {
     "ref": "ThrottleDevice"
    }
   },
   "CpuPeriod": "integer",
   "CpuQuota": "integer",
   "CpuRealtimePeriod": "integer",
   "CpuRealtimeRuntime": "integer",
   "CpusetCpus": "string",
   "CpusetMems": "string",
   "Devices": {
    "array": {
     "ref": "DeviceMapping"
    }
   },
   "DeviceCgroupRules": {
    "array": "string"
   },
   "DeviceRequests": {
    "array": {
     "ref": "DeviceRequest"
    }
   },
   "MemoryReservation": "integer",
   "MemorySwap": "integer",
   "MemorySwappiness": "integer",
   "NanoCpus": "integer",
   "OomKillDisable": "boolean",
   "Init": "boolean",
   "PidsLimit": "integer",
   "Ulimits": {
    "array": {
     "fields": {
      "Name": "string",
      "Soft": "integer",
      "Hard": "integer"
     }
    }
   },
   "CpuCount": "integer",
   "CpuPercent": "integer",
   "IOMaximumIOps": "integer",
   "IOMaximumBandwidth": "integer",
   "Binds": {
    "array": "string"
   },
   "ContainerIDFile": "string",
   "LogConfig": {
    "fields": {
     "Type": "string",
     "Config": {
      "map": "string"
     }
    }
   },
   "NetworkMode": "string",
   "PortBindings": {
    "ref": "PortMap"
   },
   "RestartPolicy": {
    "ref": "RestartPolicy"
   },
   "AutoRemove": "boolean",
   "VolumeDriver": "string",
   "VolumesFrom": {
    "array": "string"
   },
   "Mounts": {
    "array": {
     "ref": "Mount"
    }
   },
   "ConsoleSize": {
    "array": "integer"
   },
   "Annotations": {
    "map": "string"
   },
   "CapAdd": {
    "array": "string"
   },
   "CapDrop": {
    "array": "string"
   },
   "CgroupnsMode": "string",
   "Dns": {
    "array": "string"
   },
   "DnsOptions": {
    "array": "string"
   },
   "DnsSearch": {
    "array": "string"
   },
   "ExtraHosts": {
    "array": "string"
   },
   "GroupAdd": {
    "array": "string"
   },
   "IpcMode": "string",
   "Cgroup": "string",
   "Links": {
    "array": "string"
   },
   "OomScoreAdj": "integer",
   "PidMode": "string",
   "Privileged": "boolean",
   "PublishAllPorts": "boolean",
   "ReadonlyRootfs": "boolean",
   "SecurityOpt": {
    "array": "string"
   },
   "StorageOpt": {
    "map": "string"
   },
   "Tmpfs": {
    "map": "string"
   },
   "UTSMode": "string",
   "UsernsMode": "string",
   "ShmSize": "integer",
   "Sysctls": {
    "map": "string"
   },
   "Runtime": "string",
   "Isolation": "string",
   "MaskedPaths": {
    "array": "string"
   },
   "ReadonlyPaths": {
    "array": "string"
   },
   "HealthOnFailure": "string",
   "KernelMemory": "integer"
  }
 },
 "Mount": {
  "fields": {
   "Target": "string",
   "Source": "string",
   "Type": {
    "ref": "MountType"
   },
   "ReadOnly": "boolean",
   "Consistency": "string",
   "BindOptions": {
    "fields": {
     "Propagation": "string",
     "NonRecursive": "boolean",
     "CreateMountpoint": "boolean",
     "ReadOnlyNonRecursive": "boolean",
     "ReadOnlyForceRecursive": "boolean"
    }
   },
   "VolumeOptions": {
    "fields": {
     "NoCopy": "boolean",
     "Labels": {
      "map": "string"
     },
     "DriverConfig": {
      "fields": {
       "Name": "string",
       "Options": {
        "map": "string"
       }
      }
     },
     "Subpath": "string"
    }
   },
   "ImageOptions": {
    "fields": {
     "Subpath": "string"
    }
   },
   "TmpfsOptions": {
    "fields": {
     "SizeBytes": "integer",
     "Mode": "integer",
     "Options": {
      "array": {
       "array": "string"
      }
     }
    }
   }
  }
 },
 "MountType": "string",
 "PortMap": {
  "map": {
   "array": {
    "ref": "PortBinding"
   }
  }
 },
 "PortBinding": {
  "fields": {
   "HostIp": "string",
   "HostPort": "string"
  }
 }
}
