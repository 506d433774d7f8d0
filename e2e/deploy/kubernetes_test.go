package deploy

import (
	"bytes"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"sigs.k8s.io/yaml"
)

// manifest is what edge-sidecar.yaml holds, decoded strictly.
type manifest struct {
	policy     corev1.ConfigMap
	deployment appsv1.Deployment
	service    corev1.Service
	budget     policyv1.PodDisruptionBudget
}

func decode(t *testing.T) (m manifest) {
	t.Helper()
	kinds := map[string]any{
		"ConfigMap": &m.policy, "Deployment": &m.deployment,
		"Service": &m.service, "PodDisruptionBudget": &m.budget,
	}
	for doc := range bytes.SplitSeq(read(t, deployed("kubernetes", "edge-sidecar.yaml")), []byte("\n---\n")) {
		var head struct{ Kind string }
		if err := yaml.Unmarshal(doc, &head); err != nil {
			t.Fatal(err)
		}
		into, ok := kinds[head.Kind]
		if !ok {
			t.Fatalf("kind %q is not expected, or is there twice", head.Kind)
		}
		delete(kinds, head.Kind)
		if err := yaml.UnmarshalStrict(doc, into); err != nil {
			t.Errorf("%s: %v", head.Kind, err)
		}
	}
	if len(kinds) > 0 {
		t.Fatalf("these kinds are missing: %v", kinds)
	}
	return m
}

func TestKubernetesPolicyIsValid(t *testing.T) {
	validate(t, []byte(decode(t).policy.Data["edge.yaml"]))
}

func TestKubernetesPartsFitTogether(t *testing.T) {
	m := decode(t)
	pod := m.deployment.Spec.Template
	for name, selector := range map[string]map[string]string{
		"Deployment": m.deployment.Spec.Selector.MatchLabels,
		"Service":    m.service.Spec.Selector,
		"budget":     m.budget.Spec.Selector.MatchLabels,
	} {
		for key, value := range selector {
			if pod.Labels[key] != value {
				t.Errorf("%s selects %s=%s, the pod has %q", name, key, value, pod.Labels[key])
			}
		}
	}
	edge := pod.Spec.Containers[slices.IndexFunc(pod.Spec.Containers, func(c corev1.Container) bool { return c.Name == "edge" })]
	ports := make(map[string]bool)
	for _, port := range edge.Ports {
		ports[port.Name] = true
	}
	for what, port := range map[string]string{
		"the Service":      m.service.Spec.Ports[0].TargetPort.StrVal,
		"readinessProbe":   edge.ReadinessProbe.HTTPGet.Port.StrVal,
		"livenessProbe":    edge.LivenessProbe.HTTPGet.Port.StrVal,
		"the named scrape": "metrics",
	} {
		if !ports[port] {
			t.Errorf("%s names port %q, which edge does not have", what, port)
		}
	}
	if mount := edge.VolumeMounts[0]; mount.SubPath != "" || mount.MountPath != "/etc/edge" {
		t.Errorf("the policy is mounted as %+v: a subPath is never reloaded", mount)
	}
	if volume := pod.Spec.Volumes[0]; volume.ConfigMap == nil || volume.ConfigMap.Name != m.policy.Name {
		t.Errorf("the volume %+v is not the ConfigMap %s", volume, m.policy.Name)
	}
}

func TestKubernetesGraceCoversTheDrain(t *testing.T) {
	const drain = 5*time.Second + 30*time.Second // the defaults of drain_delay and drain_timeout
	grace := time.Duration(*decode(t).deployment.Spec.Template.Spec.TerminationGracePeriodSeconds) * time.Second
	if grace <= drain {
		t.Errorf("terminationGracePeriodSeconds is %v, want more than the drain of %v", grace, drain)
	}
}

func TestKubernetesEdgeIsConfined(t *testing.T) {
	for _, c := range decode(t).deployment.Spec.Template.Spec.Containers {
		if c.Name != "edge" {
			continue
		}
		s := c.SecurityContext
		if !*s.RunAsNonRoot || !*s.ReadOnlyRootFilesystem || *s.AllowPrivilegeEscalation || s.Capabilities.Drop[0] != "ALL" {
			t.Errorf("securityContext %+v, want non-root, read-only, without privileges", s)
		}
		if c.Resources.Limits.Memory().IsZero() {
			t.Error("no memory limit")
		}
	}
}
