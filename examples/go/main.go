// nginx and a shell to attach to, in one process namespace.
package main

import (
	"example.com/pulumi-pidshare-components/sdk/go/pidsharecomponents"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"
)

func main() {
	pulumi.Run(func(ctx *pulumi.Context) error {
		namespace := config.Get(ctx, "namespace")
		if namespace == "" {
			namespace = "default"
		}
		web, err := pidsharecomponents.NewSharedProcessPod(ctx, "web", &pidsharecomponents.SharedProcessPodArgs{
			Namespace: pulumi.String(namespace),
			Labels:    map[string]pulumi.StringInput{"app": pulumi.String("web")},
			Containers: []pidsharecomponents.ContainerArgs{{
				Name:  "nginx",
				Image: pulumi.String("nginxinc/nginx-unprivileged:stable"),
				Ports: []pidsharecomponents.ContainerPortArgs{{
					Name:          pulumi.StringRef("http"),
					ContainerPort: pulumi.Int(8080),
				}},
				Env: []pidsharecomponents.EnvVarArgs{
					{Name: "TZ", Value: pulumi.StringPtr("UTC")},
					{Name: "NODE_NAME", ValueFrom: &pidsharecomponents.EnvVarSourceArgs{
						FieldRef: &pidsharecomponents.ObjectFieldSelectorArgs{FieldPath: pulumi.String("spec.nodeName")},
					}},
				},
				Resources: &pidsharecomponents.ResourceRequirementsArgs{
					Requests: map[string]pulumi.StringInput{"cpu": pulumi.String("50m"), "memory": pulumi.String("32Mi")},
					Limits:   map[string]pulumi.StringInput{"memory": pulumi.String("128Mi")},
				},
				SecurityContext: &pidsharecomponents.SecurityContextArgs{
					RunAsUser:                pulumi.IntPtr(101),
					RunAsGroup:               pulumi.IntPtr(101),
					AllowPrivilegeEscalation: pulumi.BoolPtr(false),
					ReadOnlyRootFilesystem:   pulumi.BoolPtr(true),
					Capabilities:             &pidsharecomponents.CapabilitiesArgs{Drop: []string{"ALL"}},
				},
				ReadinessProbe: &pidsharecomponents.ProbeArgs{
					HttpGet:       &pidsharecomponents.HTTPGetActionArgs{Path: pulumi.StringPtr("/"), Port: "http"},
					PeriodSeconds: pulumi.IntPtr(5),
				},
				VolumeMounts: []pidsharecomponents.VolumeMountArgs{{Name: "tmp", MountPath: pulumi.String("/tmp")}},
			}},
			Volumes: []pidsharecomponents.VolumeArgs{{
				Name:     "tmp",
				EmptyDir: &pidsharecomponents.EmptyDirVolumeSourceArgs{SizeLimit: pulumi.StringPtr("64Mi")},
			}},
			SecurityContext: &pidsharecomponents.PodSecurityContextArgs{
				RunAsNonRoot:   pulumi.BoolPtr(true),
				SeccompProfile: &pidsharecomponents.SeccompProfileArgs{Type: pidsharecomponents.ProfileType_RUNTIME_DEFAULT},
			},
			Tolerations: []pidsharecomponents.TolerationArgs{{
				Key:      pulumi.StringPtr("dedicated"),
				Operator: ref(pidsharecomponents.TolerationOperatorEXISTS),
				Effect:   ref(pidsharecomponents.TaintEffect_NO_SCHEDULE),
			}},
			Debug: &pidsharecomponents.DebugShellArgs{
				Image:   pulumi.StringPtr("busybox:1.28"),
				Profile: ref(pidsharecomponents.DebugProfileRESTRICTED),
			},
			Attach: &pidsharecomponents.AttachAccessArgs{Logs: pulumi.BoolRef(true)},
			Network: &pidsharecomponents.NetworkAccessArgs{
				Ingress: []pidsharecomponents.NetworkRuleArgs{{
					Peers: []pidsharecomponents.NetworkPeerArgs{
						{Pods: map[string]pulumi.StringInput{"role": pulumi.String("client")}},
						{Cidr: pulumi.StringPtr("10.0.0.0/8"), ExceptCidrs: []pulumi.StringInput{pulumi.String("10.0.0.0/24")}},
					},
					Ports: []pidsharecomponents.NetworkPortArgs{{Port: "http"}},
				}},
			},
			SpecOverrides: map[string]any{"terminationGracePeriodSeconds": 5},
		})
		if err != nil {
			return err
		}
		ctx.Export("pod", web.PodName)
		ctx.Export("attach", web.Commands.MapIndex(pulumi.String("attach")))
		ctx.Export("exposure", web.Exposure)
		return nil
	})
}

// ref returns a pointer to a value: what is optional and no Output is a pointer.
func ref[T any](value T) *T { return &value }
