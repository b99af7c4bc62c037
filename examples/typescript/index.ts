// nginx and a shell to attach to, in one process namespace.
import * as pulumi from "@pulumi/pulumi";
import * as pidshare from "@pulumi/pidshare-components";

const config = new pulumi.Config();

const web = new pidshare.SharedProcessPod("web", {
    namespace: config.get("namespace") ?? "default",
    labels: { app: "web" },
    containers: [
        {
            name: "nginx",
            image: "nginxinc/nginx-unprivileged:stable",
            ports: [{ name: "http", containerPort: 8080 }],
            env: [
                { name: "TZ", value: "UTC" },
                { name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
            ],
            resources: { requests: { cpu: "50m", memory: "32Mi" }, limits: { memory: "128Mi" } },
            securityContext: {
                runAsUser: 101,
                runAsGroup: 101,
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ["ALL"] },
            },
            readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 5 },
            volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
        },
    ],
    volumes: [{ name: "tmp", emptyDir: { sizeLimit: "64Mi" } }],
    securityContext: {
        runAsNonRoot: true,
        seccompProfile: { type: pidshare.ProfileType.RUNTIME_DEFAULT },
    },
    tolerations: [
        {
            key: "dedicated",
            operator: pidshare.TolerationOperator.EXISTS,
            effect: pidshare.TaintEffect.NO_SCHEDULE,
        },
    ],
    debug: { image: "busybox:1.28", profile: pidshare.DebugProfile.RESTRICTED },
    attach: { logs: true },
    network: {
        ingress: [
            {
                peers: [{ pods: { role: "client" } }, { cidr: "10.0.0.0/8", exceptCidrs: ["10.0.0.0/24"] }],
                ports: [{ port: "http" }],
            },
        ],
    },
    specOverrides: { terminationGracePeriodSeconds: 5 },
});

export const pod = web.podName;
export const attach = web.commands.apply((commands) => commands["attach"]);
export const exposure = web.exposure;
